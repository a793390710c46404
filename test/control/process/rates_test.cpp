// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/rates.h"

#include <memory>

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace sluice::control {
namespace {

constexpr uint64_t second = 1'000'000'000;

class RatesTest : public ::testing::Test {
  protected:
    ~RatesTest() override { ::munmap(state, sizeof *state); }

    void count(unsigned worker, uint64_t packets, uint64_t bytes) {
        layout::InterfaceCounters& c = state->workers[worker].interfaces[3];
        c.rx_packets.add(packets);
        c.rx_bytes.add(bytes);
        c.tx_packets.add(packets / 2);
        c.tx_bytes.add(bytes / 2);
    }
    // Looks every tenth of a second, as control does more often than is needed.
    void pass(double seconds, uint64_t packets_each_tenth = 0) {
        for (int i = 0; i < static_cast<int>(seconds * 10); ++i) {
            now += second / 10;
            count(0, packets_each_tenth, 100 * packets_each_tenth);
            rates.look(view, interfaces, now);
        }
    }

    layout::State* state =
        static_cast<layout::State*>(::mmap(nullptr, sizeof(layout::State), PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    state::StateView view{*state};
    intent::Places::Ids interfaces{{"left", 3}, {"right", 4}};
    Rates rates;
    uint64_t now = 1000 * second;
};

TEST_F(RatesTest, AreUnknownUntilASecondWasSeen) {
    EXPECT_FALSE(rates.of(3));
    pass(0.9);
    EXPECT_FALSE(rates.of(3));
    pass(1);
    EXPECT_TRUE(rates.of(3));
    EXPECT_FALSE(rates.of(layout::max_interfaces)) << "there is no such interface";
}

TEST_F(RatesTest, AreUnknownOfAnInterfaceUntilItHasBeenThereForASecond) {
    pass(3);
    EXPECT_FALSE(rates.of(5));
    interfaces["new"] = 5;
    pass(0.9);
    EXPECT_FALSE(rates.of(5));
    pass(1);
    EXPECT_TRUE(rates.of(5));
}

TEST_F(RatesTest, AreOfPacketsAndBitsASecond) {
    count(0, 1'000'000, 1'000'000'000);
    pass(5, 10);
    const auto rate = rates.of(3);
    ASSERT_TRUE(rate);
    EXPECT_DOUBLE_EQ(rate->rx_packets_per_s, 100);
    EXPECT_DOUBLE_EQ(rate->rx_bits_per_s, 100 * 100 * 8);
    EXPECT_DOUBLE_EQ(rate->tx_packets_per_s, 50);
    EXPECT_DOUBLE_EQ(rate->tx_bits_per_s, 50 * 100 * 8);
    EXPECT_DOUBLE_EQ(rates.of(4)->rx_packets_per_s, 0);
}

TEST_F(RatesTest, ForgetWithinTwoSecondsWhatWas) {
    pass(3, 1000);
    EXPECT_DOUBLE_EQ(rates.of(3)->rx_packets_per_s, 10'000);
    pass(1.6);
    EXPECT_DOUBLE_EQ(rates.of(3)->rx_packets_per_s, 0);
}

TEST_F(RatesTest, AddUpWorkers) {
    pass(2);
    count(0, 300, 30'000);
    count(1, 700, 70'000);
    pass(0.5);
    EXPECT_NEAR(rates.of(3)->rx_packets_per_s, 1000, 200);
}

}  // namespace
}  // namespace sluice::control
