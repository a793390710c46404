// SPDX-License-Identifier: BSD-3-Clause
// What GRE in UDP carries besides IPv4: IPv6, packets to groups, and a port's frames.
#include <set>

#include "test/path/multicast_network.h"
#include "test/path/network6.h"
#include "test/path/udp_tunnels.h"

namespace sluice::test {
namespace {

const std::string in_udp = R"("type": "gre", "udp_port": 4754)";
constexpr size_t boxed_headers = boxed_inner_at - 14;
constexpr uint16_t ipv6_type = 0x86dd, frame_type = 0x6558;

testing::AssertionResult is_boxed(const Sent& sent, uint16_t type) {
    const Frame& frame = sent.frame;
    const bool is =
        sent.interface == "wan" && frame.ipv4().protocol == 17 && frame.checksums_hold() &&
        frame.ipv4().destination_address() == ip("198.51.100.9") &&
        word_at(frame, udp_at) >= 49152 && word_at(frame, udp_at + 2) == gre_in_udp &&
        word_at(frame, udp_at + 4) == frame.size() - udp_at && word_at(frame, udp_at + 6) == 0 &&
        word_at(frame, boxed_gre_at) == 0 && word_at(frame, boxed_gre_at + 2) == type;
    return is ? testing::AssertionSuccess()
              : testing::AssertionFailure() << sent.interface << ": " << frame.describe();
}

Bytes boxed_in(const Frame& outer) {
    return Bytes(outer.bytes().begin() + boxed_inner_at, outer.bytes().end());
}

class Ipv6InUdp : public Ipv6Network {};

TEST_F(Ipv6InUdp, GoesInAsOneFlowOfUdpForEachInside) {
    TestRouter& router = router_with({.there = in_udp});
    std::set<uint16_t> ports;
    for (unsigned host = 101; host <= 150; ++host) {
        const std::string source = "2001:db8:1::" + std::to_string(host);
        const Bytes packet = ipv6().from(source).to("2001:db8:90::5").udp(1, 53).payload(300);
        const Sent sent = only(router.receives("lan", packet));
        ASSERT_TRUE(is_boxed(sent, ipv6_type));
        Bytes expected = ip_bytes(packet);
        expected[7] = 63;
        EXPECT_EQ(boxed_in(sent.frame), expected);
        ports.insert(word_at(sent.frame, udp_at));
    }
    EXPECT_GT(ports.size(), 45u);
}

TEST_F(Ipv6InUdp, ComesOut) {
    TestRouter& router = router_with({.there = in_udp});
    const Bytes packet = ipv6().from("2001:db8:90::5").to("2001:db8:1::9").hops(40).payload(99);
    for (const Bytes& frame :
         {Bytes(boxed(ip_bytes(packet), words({0, ipv6_type}))),
          Bytes(boxed(ip_bytes(packet), words({0, ipv6_type})).no_transport_checksum())}) {
        const Sent sent = only(router.receives("wan", frame));
        EXPECT_EQ(sent.interface, "lan");
        EXPECT_EQ(ipv6_of(sent.frame).hop_limit, 39);
        EXPECT_EQ(payload_of(sent.frame).size(), 99u);
    }
}

TEST_F(Ipv6InUdp, LeavesRoomForTheHeaders) {
    TestRouter& router = router_with({.there = in_udp});
    const auto packet = [](size_t size) {
        return ipv6().to("2001:db8:90::5").payload(size - sizeof(net::Ipv6Header));
    };
    EXPECT_EQ(router.receives("lan", packet(1500 - boxed_headers)).size(), 1u);
    const auto told = router.receives("lan", packet(1500 - boxed_headers + 1));
    EXPECT_TRUE(is_error6(told, net::icmp6::too_big, 0, "2001:db8:1::1", "2001:db8:1::9"));
    EXPECT_EQ(word_of(told[0].frame), 1500u - boxed_headers);
}

class GroupsInUdp : public Tunnelling {
  protected:
    TestRouter& router_with_groups() {
        return router_with({.there = in_udp, .rest = R"(, "multicast": { "interfaces": {
                                           "lan": {}, "dmz": {}, "there": {} } })"});
    }
};
TEST_BOTH_WAYS(GroupsInUdp);

TEST_P(GroupsInUdp, GoInAsUnicastToTheRemote) {
    TestRouter& router = router_with_groups();
    router.receives("lan", v2_join());
    const auto sent = router.receives("dmz", to_group());
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].interface, "lan");
    ASSERT_TRUE(is_boxed(sent[1], 0x0800));
    const Frame inside = taken_out(sent[1].frame, boxed_headers);
    EXPECT_EQ(inside.ipv4().destination_address(), ip(group));
    EXPECT_EQ(inside.ipv4().ttl, 15);
    EXPECT_EQ(inside.ip_payload(), Frame(to_group().build()).ip_payload());
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(GroupsInUdp, ComeOutAndGoOnToHosts) {
    TestRouter& router = router_with_groups();
    router.receives("lan", v2_join());
    const Bytes packet = ip_bytes(to_group(group, "10.9.0.5"));
    for (const Bytes& frame :
         {Bytes(boxed(packet)), Bytes(boxed(packet).no_transport_checksum())}) {
        const Sent sent = only(router.receives("wan", frame));
        EXPECT_EQ(sent.interface, "lan");
        EXPECT_EQ(sent.frame.ipv4().destination_address(), ip(group));
    }
}

class FramesInUdp : public BothWays {
  protected:
    FramesInUdp()
        : network_(Wishes{.dmz = R"( }, "side": { "device": "net_null3")",
                          .routes = R"(, { "prefix": "198.51.100.0/24", "via": "203.0.113.1" })",
                          .rest = R"(, "tunnels": { "there": { "bridge": "side",
                                "local": "203.0.113.2", "remote": "198.51.100.9", )" +
                                  in_udp + " } }"}) {
        use_way(router());
    }
    TestRouter& router() { return network_.router; }

    // From a host of one side to one of the other.
    static Bytes frame_of_flow(uint16_t flow) {
        return ipv4()
            .from("10.7.0.1")
            .to("10.7.0.2")
            .to_mac(mac("02:00:00:00:88:01"))
            .ttl(1)
            .udp(flow, 53)
            .payload(70);
    }

  private:
    Network network_;
};
TEST_BOTH_WAYS(FramesInUdp);

TEST_P(FramesInUdp, GoInWholeAsOneFlowOfUdpForEachInside) {
    std::set<uint16_t> ports;
    for (uint16_t flow = 1; flow <= 50; ++flow) {
        const Bytes frame = frame_of_flow(flow);
        const Sent sent = only(router().receives("side", frame));
        ASSERT_TRUE(is_boxed(sent, frame_type));
        EXPECT_EQ(boxed_in(sent.frame), frame);
        ports.insert(word_at(sent.frame, udp_at));
    }
    EXPECT_GT(ports.size(), 45u);
    EXPECT_EQ(router().all_drops(), 0u);
}

TEST_P(FramesInUdp, ComeOutWholeAndNothingElseDoes) {
    const Bytes frame = frame_of_flow(7);
    for (const Ipv4Builder& outer :
         {boxed(frame, words({0, frame_type})),
          boxed(frame, words({0, frame_type})).no_transport_checksum()}) {
        const Sent sent = only(router().receives("wan", outer));
        EXPECT_EQ(sent.interface, "side");
        EXPECT_EQ(sent.frame.bytes(), frame);
    }
    EXPECT_TRUE(router().receives("wan", boxed(ip_bytes(inner())).no_transport_checksum()).empty());
    EXPECT_EQ(router().drops(DropReason::tunnel_payload), 1u);
}

TEST_P(FramesInUdp, LeaveRoomForBothHeaders) {
    EXPECT_EQ(router().plan().interfaces[router().id_of("there")].mtu,
              1500u - boxed_headers - sizeof(net::EthernetHeader));
}

}  // namespace
}  // namespace sluice::test
