// SPDX-License-Identifier: BSD-3-Clause
#include "test/path/network.h"

namespace sluice::test {
namespace {

class ScreenSource : public BothWays {
  protected:
    // With reverse_path set on the lan; the dmz is the wrong way for the lan's addresses.
    std::unique_ptr<Network> checking(const std::string& mode) {
        auto result = std::make_unique<Network>(
            Wishes{.lan = R"(, "reverse_path": ")" + mode + "\"",
                   .routes = R"(, { "prefix": "198.18.0.0/24", "type": "blackhole" },
                           { "prefix": "198.51.100.0/24", "via": ["10.0.0.7", "203.0.113.1"] })"});
        use_way(result->router);
        return result;
    }
};
TEST_BOTH_WAYS(ScreenSource);

TEST_P(ScreenSource, DropsSourcesThatNoHostHas) {
    REQUIREMENT("RFC 1812 5.3.7",
                "Packets from martian source addresses (0/8, 127/8, multicast, class E, limited "
                "broadcast) are not forwarded");
    uint64_t dropped = 0;
    for (const char* source : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "224.0.0.1",
                               "239.255.255.255", "240.0.0.1", "255.255.255.255"}) {
        EXPECT_TRUE(router().receives("lan", ipv4().from(source)).empty()) << source;
        EXPECT_EQ(router().drops(DropReason::source_martian), ++dropped) << source;
    }
}

TEST_P(ScreenSource, DropsSourcesThatAreBroadcastsOfItsNetworks) {
    REQUIREMENT("RFC 1812 4.2.2.11",
                "Packets from a broadcast address of a network known here are discarded, also in "
                "the old all-zeros form");
    router().receives("lan", ipv4().from("10.0.0.255"));
    router().receives("lan", ipv4().from("10.0.0.0"));
    router().receives("wan", ipv4().from("10.0.0.0"));
    EXPECT_EQ(router().drops(DropReason::source_martian), 3u);
}

TEST_P(ScreenSource, DropsItsOwnAddressesAsSources) {
    router().receives("lan", ipv4().from("10.0.0.1"));
    router().receives("lan", ipv4().from("203.0.113.2"));
    EXPECT_EQ(router().drops(DropReason::source_is_ours), 2u);
}

// One bit tells most sources from our own addresses; those that share it with one of ours are no
// worse off.
TEST(FastWayOnly, TakesSourcesThatShareABitWithOneOfOurs) {
    Network network;
    const OwnAddresses& own = network.router.context().plan->own;
    uint32_t source = ip("198.18.0.0").value;
    while (!own.may_have(source)) ++source;
    ASSERT_FALSE(own.has(source));
    const Bytes packet = ipv4().from(net::to_string(net::Ipv4Address{source}));
    EXPECT_EQ(network.router.receives("lan", packet).size(), 1u);
    EXPECT_EQ(network.router.context().stage(layout::Stage::plain).packets.get(), 0u);
}

TEST_P(ScreenSource, LetsForeignSourcesInWhenTheCheckIsOff) {
    REQUIREMENT("RFC 1812 5.3.8", "Reverse path forwarding is off unless it is asked for");
    EXPECT_EQ(router().receives("lan", ipv4().from("172.16.0.9")).size(), 1u);
    EXPECT_EQ(router().receives("lan", ipv4().from("8.8.8.8")).size(), 1u);
}

TEST_P(ScreenSource, StrictlyTakesOnlySourcesThatAreReachedByTheInterface) {
    REQUIREMENT("RFC 3704 2.2", "Strict reverse path forwarding");
    const auto net = checking("strict");
    EXPECT_EQ(net->router.receives("lan", ipv4().from("10.0.0.9")).size(), 1u);
    EXPECT_TRUE(net->router.receives("lan", ipv4().from("172.16.0.9")).empty());
    EXPECT_TRUE(net->router.receives("lan", ipv4().from("8.8.8.8")).empty());
    EXPECT_EQ(net->router.drops(DropReason::reverse_path_failed), 2u);
}

TEST_P(ScreenSource, StrictlyTakesSourcesThatOneOfEqualPathsReaches) {
    const auto net = checking("strict");
    EXPECT_EQ(net->router.receives("lan", ipv4().from("198.51.100.5")).size(), 1u);
}

TEST_P(ScreenSource, LooselyTakesSourcesThatAreReachedByAnyInterface) {
    REQUIREMENT("RFC 3704 2.4", "Loose reverse path forwarding");
    const auto net = checking("loose");
    EXPECT_EQ(net->router.receives("lan", ipv4().from("172.16.0.9")).size(), 1u);
    EXPECT_TRUE(net->router.receives("lan", ipv4().from("8.8.8.8")).empty());
    EXPECT_TRUE(net->router.receives("lan", ipv4().from("198.18.0.1")).empty());
    EXPECT_EQ(net->router.drops(DropReason::reverse_path_failed), 2u);
}

TEST_P(ScreenSource, ChecksTheInterfaceThatAsksForItAlone) {
    const auto net = checking("strict");
    EXPECT_EQ(net->router.receives("dmz", ipv4().from("10.0.0.9")).size(), 1u);
}

}  // namespace
}  // namespace sluice::test
