// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/pacer.h"

#include <gtest/gtest.h>

namespace sluice::generator {
namespace {

constexpr double hz = 1e9;  // a cycle is a nanosecond

TEST(Pacer, LetsPacketsGoWhenTheyAreDue) {
    Pacer pacer(1e6, hz, 5000, 256);
    EXPECT_EQ(pacer.due(5000), 0u);
    EXPECT_EQ(pacer.due(5999), 0u);
    EXPECT_EQ(pacer.due(6000), 1u);
    EXPECT_EQ(pacer.due(15'000), 10u);
    pacer.sent(10);
    EXPECT_EQ(pacer.due(15'000), 0u);
    EXPECT_EQ(pacer.due(16'000), 1u);
}

TEST(Pacer, KeepsTheRateOverALongTime) {
    Pacer pacer(333'333, hz, 0, 256);
    uint64_t sent = 0;
    for (uint64_t now = 0; now <= 10'000'000'000; now += 10'000) {
        const uint64_t due = pacer.due(now);
        pacer.sent(due);
        sent += due;
    }
    EXPECT_EQ(sent, 3'333'330u);
    EXPECT_EQ(pacer.missed(), 0u);
}

TEST(Pacer, DoesNotCatchUpWithWhatItMissedWhileItWasHeldUp) {
    Pacer pacer(1e6, hz, 0, 256);
    EXPECT_EQ(pacer.due(10'000'000), 256u);  // ten milliseconds: 10,000 packets
    EXPECT_EQ(pacer.missed(), 10'000u - 256);
    pacer.sent(256);
    EXPECT_EQ(pacer.due(10'001'000), 1u);
}

}  // namespace
}  // namespace sluice::generator
