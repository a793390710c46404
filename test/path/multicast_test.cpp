// SPDX-License-Identifier: BSD-3-Clause
// Packets to groups: who gets a copy, what it looks like, and what is refused.
#include "test/path/multicast_network.h"

namespace sluice::test {
namespace {

class ToGroups : public Multicasting {};
TEST_BOTH_WAYS(ToGroups);

TEST_P(ToGroups, GoWhereSomebodyHasJoined) {
    REQUIREMENT("RFC 1112 6.4",
                "A packet to a group leaves with the MAC address of the group: 01-00-5e and the "
                "low 23 bits of its address");
    TestRouter& router = router_with();
    EXPECT_TRUE(router.receives("dmz", to_group()).empty());
    EXPECT_EQ(router.drops(DropReason::multicast_unwanted), 1u);
    router.receives("lan", v2_join());
    const Sent sent = only(router.receives("dmz", to_group()));
    EXPECT_EQ(sent.interface, "lan");
    EXPECT_EQ(sent.frame.ethernet().destination, mac("01:00:5e:01:02:03"));
    EXPECT_EQ(sent.frame.ethernet().source, router.mac_of("lan"));
    EXPECT_EQ(sent.frame.ipv4().ttl, 15);
    EXPECT_TRUE(sent.frame.checksums_hold());
    EXPECT_TRUE(router.receives("dmz", to_group("239.1.2.4")).empty()) << "another group";
}

TEST_P(ToGroups, LoseTheHighBitsOfTheGroupInItsMac) {
    TestRouter& router = router_with();
    router.receives("lan", v2_join("239.129.2.3"));
    EXPECT_EQ(only(router.receives("dmz", to_group("239.129.2.3"))).frame.ethernet().destination,
              mac("01:00:5e:01:02:03"));
}

TEST_P(ToGroups, DoNotGoBackWhereTheyCameFrom) {
    TestRouter& router = router_with();
    router.receives("dmz", v2_join(group, "172.16.0.9"));
    EXPECT_TRUE(router.receives("dmz", to_group()).empty());
    EXPECT_EQ(router.drops(DropReason::multicast_unwanted), 1u);
}

TEST_P(ToGroups, GoIntoEveryTunnelThatGetsAllAsUnicastToItsRemote) {
    TestRouter& router =
        router_with(R"("lan": {}, "dmz": {}, "there": {}, "other": { "copies": "all" })");
    router.receives("lan", v2_join());
    const auto sent = router.receives("dmz", to_group());
    EXPECT_EQ(ways_of(sent), (Ways{"lan", "198.51.100.10", "198.51.100.9"}));
    for (const Sent& s : sent) {
        if (s.interface != "wan") continue;
        const Frame inside = taken_out(s.frame, 24);
        EXPECT_EQ(inside.ipv4().destination_address(), ip(group));
        EXPECT_EQ(inside.ipv4().ttl, 15);
        EXPECT_EQ(inside.ip_payload(), Frame(to_group().build()).ip_payload());
    }
    EXPECT_EQ(router.tally(layout::Tally::multicast_packets), 1u);
    EXPECT_EQ(router.tally(layout::Tally::multicast_copies), 3u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(ToGroups, GoIntoATunnelWhoseOtherEndHasJoined) {
    TestRouter& router = router_with(R"("lan": {}, "dmz": {}, "other": { "copies": "members" })");
    router.receives("lan", v2_join());
    EXPECT_EQ(ways_of(router.receives("dmz", to_group())), (Ways{"lan"}));
    const auto from_remote = [](const Bytes& packet) {
        return from_other(packet).protocol(gre_protocol).payload(plain_gre + packet);
    };
    router.receives("wan", from_remote(ip_bytes(v3_joins(
                               {record(igmp::RecordType::to_exclude, group)}, "10.10.0.1"))));
    EXPECT_EQ(ways_of(router.receives("dmz", to_group())), (Ways{"lan", "198.51.100.10"}));
    router.receives("wan", from_remote(ip_bytes(v3_joins(
                               {record(igmp::RecordType::to_include, group)}, "10.10.0.1"))));
    router.waits(1s);
    EXPECT_EQ(ways_of(router.receives("dmz", to_group())), (Ways{"lan"}))
        << "nobody else is at the other end";
}

TEST_P(ToGroups, ComeOutOfATunnelAndGoOnToHostsAndToOtherTunnels) {
    TestRouter& router =
        router_with(R"("lan": {}, "dmz": {}, "there": {}, "other": { "copies": "all" })");
    router.receives("lan", v2_join());
    const auto packet = to_group(group, "10.9.0.5");
    const auto sent = router.receives("wan", from_there(plain_gre, ip_bytes(packet)));
    EXPECT_EQ(ways_of(sent), (Ways{"lan", "198.51.100.10"}));
}

TEST_P(ToGroups, MustComeTheWayThatLeadsBackToTheirSource) {
    REQUIREMENT("RFC 1812 5.2.1.3",
                "Multicast is forwarded only where it came by the way back to its source, so that "
                "no loop multiplies it");
    TestRouter& router =
        router_with(R"("lan": {}, "dmz": {}, "there": {}, "other": { "copies": "all" })");
    router.receives("lan", v2_join());
    EXPECT_TRUE(router.receives("dmz", to_group(group, "10.0.0.7")).empty());
    const auto by_the_other = from_there(plain_gre, ip_bytes(to_group(group, "10.10.0.5")));
    EXPECT_TRUE(router.receives("wan", by_the_other).empty());
    EXPECT_TRUE(router.receives("dmz", to_group(group, "100.64.0.1")).empty()) << "no route";
    EXPECT_EQ(router.drops(DropReason::multicast_wrong_way), 3u);
}

TEST_P(ToGroups, OfOneLinkAreNotForwarded) {
    REQUIREMENT("RFC 1112 6.1", "224.0.0.0/24 is not forwarded, whatever the time to live");
    TestRouter& router = router_with(R"("dmz": {}, "there": {})");
    for (const char* to : {"224.0.0.1", "224.0.0.5", "224.0.0.251"}) {
        EXPECT_TRUE(router.receives("dmz", to_group(to)).empty());
    }
    EXPECT_EQ(router.drops(DropReason::group_not_joined), 3u);
}

TEST_P(ToGroups, ByAnInterfaceWithoutMulticastAreNotForwarded) {
    TestRouter& router = router_with(R"("lan": {}, "there": {})");
    EXPECT_TRUE(router.receives("dmz", to_group()).empty());
    EXPECT_TRUE(router.receives("dmz", v2_join(group, "172.16.0.9")).empty());
    EXPECT_EQ(router.drops(DropReason::group_not_joined), 2u);
}

TEST_P(ToGroups, WhoseTimeIsOverEndWithoutAWord) {
    REQUIREMENT("RFC 1122 3.2.2", "No ICMP error is sent about a packet to a group");
    TestRouter& router = router_with();
    router.receives("lan", v2_join());
    EXPECT_TRUE(router.receives("dmz", to_group().ttl(1)).empty());
    EXPECT_EQ(router.drops(DropReason::ttl_expired), 1u);
}

TEST_P(ToGroups, ThatAreTooLargeAreFragmentedByCopy) {
    TestRouter& router = router_with(R"("lan": {}, "dmz": {}, "there": {})");
    router.receives("lan", v2_join());
    const auto large = to_group().payload(1480);
    EXPECT_EQ(router.receives("dmz", large).size(), 3u) << "one on lan, two in the tunnel";
    const auto whole = to_group().payload(1480).dont_fragment();
    EXPECT_EQ(ways_of(router.receives("dmz", whole)), (Ways{"lan"}));
    EXPECT_EQ(router.drops(DropReason::too_big), 1u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(ToGroups, InSeveralBuffersAreCopiedWhole) {
    TestRouter& router = router_with(R"("lan": {}, "dmz": {}, "there": {})");
    router.receives("lan", v2_join());
    const auto packet = to_group().payload(1400);
    const auto sent = router.receives_in_pieces("dmz", packet.build(), 200);
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].frame.ip_payload(), Frame(packet.build()).ip_payload());
    EXPECT_EQ(taken_out(sent[1].frame, 24).ip_payload(), Frame(packet.build()).ip_payload());
}

TEST_P(ToGroups, WithoutABufferForACopyAreDropped) {
    TestRouter& router = router_with(R"("dmz": {}, "lan": {"copies": "all"}, "there": {})");
    const Packet packet = router.packet_of(to_group().build());
    router.pool().limit_to(router.pool().outstanding());
    EXPECT_TRUE(router.receives("dmz", std::vector<rte_mbuf*>{packet.buffer()}).empty());
    EXPECT_EQ(router.drops(DropReason::no_buffer), 1u);
}

TEST_P(ToGroups, AreNoneOfTheRoutersBusinessWithoutTheSection) {
    Network network;
    use_way(network.router);
    EXPECT_TRUE(network.router.receives("dmz", to_group()).empty());
    EXPECT_TRUE(network.router.receives("lan", v2_join()).empty());
    EXPECT_EQ(network.router.drops(DropReason::group_not_joined), 2u);
}

}  // namespace
}  // namespace sluice::test
