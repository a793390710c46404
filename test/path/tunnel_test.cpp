// SPDX-License-Identifier: BSD-3-Clause
// What tunnels of all kinds do: RFC 2003, RFC 4459, and the checklist of both.
#include <set>

#include "test/path/tunnel_network.h"

namespace sluice::test {
namespace {

class Tunnels : public Tunnelling {};
TEST_BOTH_WAYS(Tunnels);

TEST_P(Tunnels, CarryAPacketBehindAnOuterHeader) {
    REQUIREMENT("RFC 2003 3.1", "The outer header names the tunnel's ends, and protocol 4");
    REQUIREMENT("RFC 2003 3.1",
                "The inner header is unchanged but for the time to live, which is one less");
    TestRouter& router = router_with({});
    const Bytes packet = ipv4().to("10.10.0.5").ttl(20).id(77).tcp(1, 2).payload(300);
    const Sent sent = only(router.receives("lan", packet));
    EXPECT_EQ(sent.interface, "wan");
    EXPECT_EQ(sent.frame.ethernet().destination, network().gateway);
    const net::Ipv4Header& outer = sent.frame.ipv4();
    EXPECT_EQ(outer.version_and_length, 0x45);
    EXPECT_EQ(outer.protocol, ipip_protocol);
    EXPECT_EQ(outer.source_address(), ip("203.0.113.2"));
    EXPECT_EQ(outer.destination_address(), ip("198.51.100.10"));
    EXPECT_EQ(outer.total_length.host(), sent.frame.size() - 14);
    EXPECT_TRUE(net::checksum_holds(&outer, 20));

    Bytes expected = packet;
    expected[14 + 8] = 19;
    net::fill_checksum(*reinterpret_cast<net::Ipv4Header*>(expected.data() + 14));
    EXPECT_EQ(ip_bytes(taken_out(sent.frame, 20).bytes()), ip_bytes(expected));
}

TEST_P(Tunnels, GiveBackWhatTheyCarried) {
    REQUIREMENT("RFC 2003 3.1",
                "The inner packet is forwarded as one that came by the tunnel, once older");
    REQUIREMENT("RFC 2784 3.1",
                "What was inside goes where its own destination is, its time to live one less");
    TestRouter& router = router_with({});
    const Bytes packet = inner().udp(1000, 53).payload(200);
    for (const auto& [frame, way] : {std::pair{from_there(plain_gre, ip_bytes(packet)), "gre"},
                                     std::pair{from_other(ip_bytes(packet)), "ipip"}}) {
        const Sent sent = only(router.receives("wan", frame));
        EXPECT_EQ(sent.interface, "lan") << way;
        EXPECT_EQ(sent.frame.ethernet().destination, network().host);
        EXPECT_EQ(sent.frame.ipv4().ttl, 39) << way;
        EXPECT_TRUE(sent.frame.checksums_hold());
        EXPECT_EQ(sent.frame.size(), packet.size());
    }
    EXPECT_EQ(router.all_drops(), 0u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Tunnels, AreCountedAsInterfaces) {
    TestRouter& router = router_with({});
    (void)router.receives("lan", ipv4().to("10.9.0.5").payload(100));
    (void)router.receives("wan", from_there(plain_gre, ip_bytes(inner().payload(50))));
    const auto& counters = router.context().counters.interfaces[router.id_of("there")];
    EXPECT_EQ(counters.tx_packets.get(), 1u);
    EXPECT_EQ(counters.tx_bytes.get(), 120u);
    EXPECT_EQ(counters.rx_packets.get(), 1u);
    EXPECT_EQ(counters.rx_bytes.get(), 70u);
}

TEST_P(Tunnels, TimeToLiveOfTheOuterHeaderIsSetOrInherited) {
    REQUIREMENT("RFC 2003 3.1", "The outer time to live is the one configured for the tunnel");
    TestRouter& router = router_with(
        {.there = R"("type": "gre", "ttl": "inherit")", .other = R"("type": "ipip", "ttl": 200)"});
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.9.0.5").ttl(9))).frame.ipv4().ttl, 8);
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.10.0.5").ttl(9))).frame.ipv4().ttl, 200);
}

TEST_P(Tunnels, TtlExpiresBeforeTheTunnel) {
    TestRouter& router = router_with({});
    EXPECT_TRUE(is_error(router.receives("lan", ipv4().to("10.9.0.5").ttl(1)), 11, 0, "10.0.0.1",
                         "10.0.0.9"));
}

TEST_P(Tunnels, DontFragmentIsCopiedSetOrCleared) {
    REQUIREMENT("RFC 2003 3.1", "DF is set in the outer header when it is in the inner one");
    const auto outer_df = [&](const char* wish, bool df) {
        TestRouter& router = router_with(
            {.there = std::string(R"("type": "gre", "dont_fragment": ")") + wish + "\""});
        const auto packet = ipv4().to("10.9.0.5");
        return only(router.receives("lan", df ? Ipv4Builder(packet).dont_fragment() : packet))
            .frame.ipv4()
            .dont_fragment();
    };
    EXPECT_TRUE(outer_df("copy", true));
    EXPECT_FALSE(outer_df("copy", false));
    EXPECT_TRUE(outer_df("set", false));
    EXPECT_FALSE(outer_df("clear", true));
}

TEST_P(Tunnels, TellTheSourceWhatFits) {
    REQUIREMENT("RFC 2003 5.1",
                "A packet with DF that is too large for the tunnel is answered with its MTU");
    TestRouter& router = router_with({});
    const auto packet = ipv4().to("10.9.0.5").dont_fragment();
    EXPECT_EQ(only(router.receives("lan", Ipv4Builder(packet).payload(1476 - 20))).interface,
              "wan");
    const auto sent = router.receives("lan", Ipv4Builder(packet).payload(1477 - 20));
    EXPECT_TRUE(is_error(sent, 3, 4, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(only(sent).frame.icmp().word2.host(), 1476);
}

TEST_P(Tunnels, FragmentInsideFirst) {
    REQUIREMENT("RFC 4459 3.4",
                "What is too large and may be fragmented is fragmented before it is encapsulated");
    TestRouter& router = router_with({});
    const auto sent = router.receives("lan", ipv4().to("10.9.0.5").payload(1480));
    ASSERT_EQ(sent.size(), 2u);
    for (const Sent& s : sent) {
        EXPECT_FALSE(s.frame.ipv4().is_fragment());
        EXPECT_LE(s.frame.size(), 14u + 1500);
        EXPECT_TRUE(taken_out(s.frame, 24).ipv4().is_fragment());
    }
}

TEST_P(Tunnels, TakeInWhatCameInFragments) {
    REQUIREMENT("RFC 4459 3.1",
                "Fragments of an outer packet are put together before it is opened");
    TestRouter& router = router_with({});
    const Bytes packet = ip_bytes(inner().payload(1000));
    const Bytes whole = plain_gre + packet;
    const auto part = [&](unsigned from, unsigned to, bool more) {
        return ipv4()
            .from("198.51.100.9")
            .to("203.0.113.2")
            .id(5)
            .protocol(gre_protocol)
            .fragment(from, more)
            .payload(Bytes(whole.begin() + from, whole.begin() + to));
    };
    EXPECT_TRUE(
        router.receives("wan", part(512, static_cast<unsigned>(whole.size()), false)).empty());
    const Sent sent = only(router.receives("wan", part(0, 512, true)));
    EXPECT_EQ(sent.interface, "lan");
    EXPECT_EQ(sent.frame.ipv4().total_length.host(), 1020);
    EXPECT_EQ(router.tally(layout::Tally::tunnel_packets_reassembled), 1u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Tunnels, TakeInFromTheirRemoteAlone) {
    TestRouter& router = router_with({});
    const auto stranger = from_other(ip_bytes(inner())).from("198.51.100.77");
    EXPECT_TRUE(router.receives("wan", stranger).empty());
    EXPECT_EQ(router.drops(DropReason::tunnel_unknown), 1u);
}

TEST_P(Tunnels, TakeInFromAnyoneWhenTold) {
    TestRouter& router = router_with({.other = R"("type": "ipip", "any_remote": true)"});
    const auto stranger = from_other(ip_bytes(inner())).from("198.51.100.77");
    EXPECT_EQ(only(router.receives("wan", stranger)).interface, "lan");
}

TEST_P(Tunnels, GiveNothingBackToTheirOtherEnd) {
    REQUIREMENT("RFC 2003 3.2",
                "A packet whose source is the tunnel's remote is not put into the tunnel");
    REQUIREMENT("RFC 2784 3.1",
                "A packet that comes out of the tunnel and is for the tunnel's other end is "
                "discarded, unless it is a keepalive");
    TestRouter& router = router_with({});
    EXPECT_TRUE(router.receives("dmz", ipv4().from("198.51.100.9").to("10.9.0.5")).empty());
    EXPECT_EQ(router.drops(DropReason::tunnel_returns), 1u);
    EXPECT_EQ(only(router.receives("dmz", ipv4().from("198.51.100.10").to("10.9.0.5"))).interface,
              "wan")
        << "of another tunnel's end";

    const Bytes for_itself = ip_bytes(inner().to("198.51.100.9").udp(1, 2));
    EXPECT_TRUE(router.receives("wan", from_there(plain_gre, for_itself)).empty());
    EXPECT_EQ(router.drops(DropReason::tunnel_returns), 2u);
    const Bytes for_another = ip_bytes(inner().to("198.51.100.10").udp(1, 2));
    EXPECT_EQ(only(router.receives("wan", from_there(plain_gre, for_another))).interface, "wan");
}

TEST_P(Tunnels, InnerSourceIsCheckedAsOnAnyInterface) {
    TestRouter& router = router_with({.there = R"("type": "gre", "reverse_path": "strict")"});
    EXPECT_EQ(only(router.receives("wan", from_there(plain_gre, ip_bytes(inner())))).interface,
              "lan");
    const auto spoofed = inner().from("172.16.0.9");
    EXPECT_TRUE(router.receives("wan", from_there(plain_gre, ip_bytes(spoofed))).empty());
    EXPECT_EQ(router.drops(DropReason::reverse_path_failed), 1u);
    const auto ours = inner().from("10.0.0.1");
    EXPECT_TRUE(router.receives("wan", from_there(plain_gre, ip_bytes(ours))).empty());
    EXPECT_EQ(router.drops(DropReason::source_is_ours), 1u);
}

TEST_P(Tunnels, AnswerPingAtTheirOwnAddress) {
    TestRouter& router = router_with({});
    const auto ping = ipv4().from("172.31.0.2").to("172.31.0.1").echo_request();
    const Sent sent = only(router.receives("wan", from_there(plain_gre, ip_bytes(ping))));
    EXPECT_EQ(sent.interface, "wan");
    const Frame reply = taken_out(sent.frame, 24);
    EXPECT_TRUE(reply.is_icmp(0, 0));
    EXPECT_EQ(reply.ipv4().destination_address(), ip("172.31.0.2"));
}

TEST_P(Tunnels, FollowTheRouteToTheirRemote) {
    TestRouter& router = router_with({});
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.10.0.5"))).interface, "wan");
    intent::RouteChange change;
    change.prefix = net::Ipv4Prefix::of(ip("198.51.100.10"), 32);
    change.via = {ip("172.16.0.9")};
    ASSERT_TRUE(router.intent().change_routes(std::vector{change}).empty());
    router.take_plan();
    const Sent sent = only(router.receives("lan", ipv4().to("10.10.0.5")));
    EXPECT_EQ(sent.interface, "dmz");
    EXPECT_EQ(sent.frame.ipv4().destination_address(), ip("198.51.100.10"));
}

TEST_P(Tunnels, InnerFlowsDecideBetweenEqualPaths) {
    TestRouter& router = router_with(
        {.routes = R"(, { "prefix": "198.51.100.10/32", "via": ["203.0.113.1", "172.16.0.9"] })"});
    std::set<std::string> ways;
    for (uint16_t port = 1; port < 64; ++port) {
        const auto packet = ipv4().to("10.10.0.5").udp(port, 53);
        const std::string way = only(router.receives("lan", packet)).interface;
        EXPECT_EQ(only(router.receives("lan", packet)).interface, way) << "one flow, one way";
        ways.insert(way);
    }
    EXPECT_EQ(ways, (std::set<std::string>{"dmz", "wan"}));
}

TEST_P(Tunnels, AreDownWithoutARouteToTheirRemote) {
    TestRouter& router = router_with({});
    router.link_down("wan");
    EXPECT_TRUE(
        is_error(router.receives("lan", ipv4().to("10.9.0.5")), 3, 1, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(router.drops(DropReason::interface_down), 1u);
    router.link_up("wan");
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.9.0.5"))).interface, "wan");
}

TEST_P(Tunnels, ThatWouldLeadIntoThemselvesAreRefused) {
    REQUIREMENT("RFC 2003 3.2", "A packet is not encapsulated towards the tunnel it is in");
    TestRouter& router = router_with({});
    intent::RouteChange change;
    change.prefix = net::Ipv4Prefix::of(ip("198.51.100.9"), 32);
    change.interface = "there";
    ASSERT_TRUE(router.intent().change_routes(std::vector{change}).empty());
    // Before the main thread has looked at it.
    EXPECT_TRUE(router.receives("lan", ipv4().to("10.9.0.5")).empty());
    EXPECT_EQ(router.drops(DropReason::tunnel_loop), 1u);
    // And afterwards.
    router.take_plan();
    EXPECT_FALSE(router.plan().interfaces[router.id_of("there")].up);
}

TEST_P(Tunnels, GoThroughEachOther) {
    TestRouter& router =
        router_with({.routes = R"(, { "prefix": "198.51.100.10/32", "interface": "there" })"});
    EXPECT_EQ(router.plan().interfaces[router.id_of("other")].mtu, 1500u - 24 - 20);
    const Frame frame = only(router.receives("lan", ipv4().to("10.10.0.5").payload(10))).frame;
    EXPECT_EQ(frame.ipv4().destination_address(), ip("198.51.100.9"));
    const Frame second = taken_out(frame, 24);
    EXPECT_EQ(second.ipv4().destination_address(), ip("198.51.100.10"));
    EXPECT_EQ(taken_out(second, 20).ipv4().destination_address(), ip("10.10.0.5"));
}

TEST_P(Tunnels, AreNotOpenedWithoutEnd) {
    TestRouter& router = router_with({});
    Bytes packet = ip_bytes(inner());
    const auto in_another = [](const Bytes& bytes) { return ip_bytes(from_other(bytes)); };
    for (int depth = 0; depth < 3; ++depth) packet = in_another(packet);
    EXPECT_EQ(only(router.receives("wan", from_other(packet))).interface, "lan");
    EXPECT_TRUE(router.receives("wan", from_other(in_another(packet))).empty());
    EXPECT_EQ(router.drops(DropReason::tunnel_too_deep), 1u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Tunnels, LowerTheSegmentSizeThatIsOffered) {
    TestRouter& router = router_with({});
    // MSS behind a no-operation, so that the value lies at an odd place.
    const Bytes header =
        words({1000, 80, 0, 1, 0, 0, 0x7002, 1000, 0, 0}) + Bytes{1, 2, 4, 5, 0xb4, 1, 1, 0};
    const auto offered = [](const Frame& frame) {
        const Bytes tcp = frame.ip_payload();
        return tcp.at(23) << 8 | tcp.at(24);
    };
    const auto right = [](Bytes tcp, net::Ipv4Address from, net::Ipv4Address to) {
        const Bytes pseudo =
            words({static_cast<uint16_t>(from.value >> 16), static_cast<uint16_t>(from.value),
                   static_cast<uint16_t>(to.value >> 16), static_cast<uint16_t>(to.value), 6,
                   static_cast<uint16_t>(tcp.size())});
        const Bytes all = pseudo + tcp;
        return net::fold(net::sum_words(all.data(), all.size()));
    };
    const Bytes out = ipv4().to("10.9.0.5").protocol(6).payload(header);
    const uint16_t before = right(header, ip("10.0.0.9"), ip("10.9.0.5"));
    const Frame sent = taken_out(only(router.receives("lan", out)).frame, 24);
    EXPECT_EQ(offered(sent), 1436);
    EXPECT_EQ(right(sent.ip_payload(), ip("10.0.0.9"), ip("10.9.0.5")), before)
        << "its checksum is as true as it was";

    const Bytes in = inner().protocol(6).payload(header);
    EXPECT_EQ(offered(only(router.receives("wan", from_there(plain_gre, ip_bytes(in)))).frame),
              1436);
}

TEST_P(Tunnels, LeaveTheSegmentSizeWhenTold) {
    TestRouter& router = router_with({.there = R"("type": "gre", "clamp_mss": false)"});
    const Bytes header = words({1000, 80, 0, 1, 0, 0, 0x6002, 1000, 0, 0, 0x0204, 1460});
    const Frame sent = taken_out(
        only(router.receives("lan", ipv4().to("10.9.0.5").protocol(6).payload(header))).frame, 24);
    EXPECT_EQ(sent.ip_payload(), header);
}

TEST_P(Tunnels, NatIsDoneBeforeAndAfter) {
    TestRouter& router = router_with(
        {.rest =
             R"(, "nat": [ { "name": "out", "type": "source", "from": "10.0.0.0/24", "out": "there", "to": "interface" } ])"});
    const Frame sent =
        taken_out(only(router.receives("lan", ipv4().to("10.9.0.5").udp(1000, 53))).frame, 24);
    EXPECT_EQ(sent.ipv4().source_address(), ip("172.31.0.1"));
    const Bytes udp = sent.ip_payload();
    const auto port = static_cast<uint16_t>(udp.at(0) << 8 | udp.at(1));
    const auto reply = ipv4().from("10.9.0.5").to("172.31.0.1").udp(53, port);
    const Sent back = only(router.receives("wan", from_there(plain_gre, ip_bytes(reply))));
    EXPECT_EQ(back.interface, "lan");
    EXPECT_EQ(back.frame.ipv4().destination_address(), ip("10.0.0.9"));
}

TEST_P(Tunnels, InnerPacketCutShortAnywhereIsDropped) {
    TestRouter& router = router_with({});
    const Bytes packet = ip_bytes(inner().udp(1, 2).payload(20));
    for (size_t length = 0; length < packet.size(); ++length) {
        const Bytes cut(packet.begin(), packet.begin() + static_cast<long>(length));
        EXPECT_TRUE(router.receives("wan", from_there(plain_gre, cut)).empty());
        EXPECT_TRUE(router.receives("wan", from_other(cut)).empty());
    }
    EXPECT_EQ(router.all_drops(), 2 * packet.size());
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

}  // namespace
}  // namespace sluice::test
