// SPDX-License-Identifier: BSD-3-Clause
// What leaves: a device that takes no more, and whose time it is that the device takes.
#include "test/path/network.h"

namespace sluice::test {
namespace {

using layout::Stage;

class Transmit : public BothWays {
  protected:
    std::vector<Sent> sends(unsigned packets) {
        return router().receives("lan", std::vector<Bytes>(packets, ipv4().to("192.0.2.1")));
    }
    uint64_t sent_by_wan() {
        return router().context().counters.interfaces[router().id_of("wan")].tx_packets.get();
    }
};
TEST_BOTH_WAYS(Transmit);

TEST_P(Transmit, CountsWhatTheDeviceTakes) {
    EXPECT_EQ(sends(10).size(), 10u);
    EXPECT_EQ(sent_by_wan(), 10u);
    const uint64_t bytes =
        router().context().counters.interfaces[router().id_of("wan")].tx_bytes.get();
    EXPECT_EQ(bytes, 10 * Bytes(ipv4().to("192.0.2.1")).size());
}

TEST_P(Transmit, DropsWhatTheDeviceDoesNotTake) {
    router().device_takes_at_most(4);
    EXPECT_EQ(sends(10).size(), 4u);
    EXPECT_EQ(router().drops(DropReason::transmit_full), 6u);
    EXPECT_EQ(sent_by_wan(), 4u);
    EXPECT_EQ(router().pool().outstanding(), 0u);
}

TEST_P(Transmit, GoesOnWhenTheDeviceTakesPacketsAgain) {
    router().device_takes_at_most(0);
    EXPECT_TRUE(sends(100).empty());
    router().device_takes_at_most(64);
    EXPECT_EQ(sends(100).size(), 100u);
    EXPECT_EQ(router().drops(DropReason::transmit_full), 100u);
}

// The first burst is one of those that are timed. It fills a batch, which goes out in the middle
// of the stage that forwards it.
TEST(Stages, DoNotCountTheDevicesTimeAsTheirs) {
    constexpr uint64_t slow = 200'000'000;  // cycles; so long that a busy machine does not matter
    Network net;
    net.router.device_takes_cycles(slow);
    net.router.receives("lan", std::vector<Bytes>(burst_size, ipv4().to("192.0.2.1")));
    EXPECT_GE(net.router.context().stage(Stage::transmit).sampled_cycles.get(), slow);
    EXPECT_EQ(net.router.context().stage(Stage::transmit).sampled_packets.get(), burst_size);
    EXPECT_EQ(net.router.context().stage(Stage::rewrite).sampled_packets.get(), burst_size);
    EXPECT_LT(net.router.context().stage(Stage::rewrite).sampled_cycles.get(), slow);
}

TEST(Stages, OfThePlainWayNeither) {
    constexpr uint64_t slow = 200'000'000;
    Network net;
    net.router.device_takes_cycles(slow);
    // An option keeps a packet from the fast way.
    const Bytes optioned = ipv4().to("192.0.2.1").options({1, 1, 1, 1});
    net.router.receives("lan", std::vector<Bytes>(burst_size, optioned));
    EXPECT_GE(net.router.context().stage(Stage::transmit).sampled_cycles.get(), slow);
    EXPECT_EQ(net.router.context().stage(Stage::plain).sampled_packets.get(), burst_size);
    EXPECT_LT(net.router.context().stage(Stage::plain).sampled_cycles.get(), slow);
}

}  // namespace
}  // namespace sluice::test
