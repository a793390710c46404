// SPDX-License-Identifier: BSD-3-Clause
// IPv6 in tunnels: in GRE (RFC 7676) and directly in IPv4 (RFC 4213).
#include "test/path/network6.h"

namespace sluice::test {
namespace {

namespace type = net::icmp6;

constexpr const char* behind_there = "2001:db8:90::5";
constexpr const char* behind_other = "2001:db8:91::5";
constexpr size_t gre_headers = 24, ipv4_header = 20;
const Bytes gre_of_ipv6 = words({0, 0x86dd});

// What is behind the outer headers, as a frame.
Frame taken_out6(const Frame& outer, size_t headers) {
    Bytes frame(14);
    frame[12] = 0x86;
    frame[13] = 0xdd;
    return Frame(frame + Bytes(outer.bytes().begin() + 14 + static_cast<long>(headers),
                               outer.bytes().end()));
}
Ipv4Builder in_protocol_41(const Bytes& inner_packet) {
    return ipv4().from("198.51.100.10").to("203.0.113.2").protocol(41).payload(inner_packet);
}
Ipv6Builder from_the_other_site(const char* source = behind_there) {
    return ipv6().from(source).to("2001:db8:1::9").hops(40);
}

class Ipv6Tunnel : public Ipv6Network {};

TEST_F(Ipv6Tunnel, GoesIntoGre) {
    REQUIREMENT("RFC 7676 3", "IPv6 in GRE has the protocol type 0x86DD");
    const Bytes packet = ipv6().to(behind_there).udp(1, 2).payload(300);
    const Sent sent = only(router().receives("lan", packet));
    EXPECT_EQ(sent.interface, "wan");
    EXPECT_TRUE(sent.frame.checksums_hold());
    EXPECT_EQ(sent.frame.ipv4().protocol, 47);
    EXPECT_EQ(sent.frame.ipv4().destination_address(), ip("198.51.100.9"));
    EXPECT_TRUE(sent.frame.ipv4().dont_fragment());
    EXPECT_EQ(sent.frame.ipv4().ttl, 64);
    const Bytes payload = sent.frame.ip_payload();
    EXPECT_EQ(Bytes(payload.begin(), payload.begin() + 4), gre_of_ipv6);
    Bytes expected = ip_bytes(packet);
    expected[7] = 63;
    EXPECT_EQ(Bytes(payload.begin() + 4, payload.end()), expected);
}

TEST_F(Ipv6Tunnel, GoesIntoIpv4AsProtocol41) {
    REQUIREMENT("RFC 4213 3.5", "IPv6 in IPv4 is protocol 41, its hop limit one lower");
    const Sent sent = only(router().receives("lan", ipv6().to(behind_other)));
    EXPECT_TRUE(sent.frame.checksums_hold());
    EXPECT_EQ(sent.frame.ipv4().protocol, 41);
    EXPECT_EQ(sent.frame.ipv4().destination_address(), ip("198.51.100.10"));
    EXPECT_EQ(ipv6_of(taken_out6(sent.frame, ipv4_header)).hop_limit, 63);
}

TEST_F(Ipv6Tunnel, ComesOutOfEither) {
    REQUIREMENT("RFC 4213 3.6", "Protocol 41 from the tunnel's other end is taken out");
    const Bytes by_gre = from_the_other_site(), by_ipv4 = from_the_other_site(behind_other);
    for (const Bytes& frame : {from_there(gre_of_ipv6, ip_bytes(by_gre)).build(),
                               in_protocol_41(ip_bytes(by_ipv4)).build()}) {
        const Sent sent = only(router().receives("wan", frame));
        EXPECT_EQ(sent.interface, "lan");
        EXPECT_EQ(sent.frame.ethernet().destination, host);
        EXPECT_EQ(ipv6_of(sent.frame).hop_limit, 39);
    }
    const auto& in = router().context().counters.interfaces[router().id_of("there")];
    EXPECT_EQ(in.rx_packets.get(), 1u);
    EXPECT_EQ(in.rx_bytes.get(), 66u);
}

TEST_F(Ipv6Tunnel, BothKindsOfPayloadShareIpInIp) {
    router().knows("lan", "10.0.0.9", host);
    const Sent sent = only(router().receives("wan", from_other(ip_bytes(inner()))));
    EXPECT_TRUE(sent.frame.is_ipv4());
    EXPECT_EQ(sent.frame.ipv4().destination_address(), ip("10.0.0.9"));
}

TEST_F(Ipv6Tunnel, IsTakenFromItsOtherEndAlone) {
    REQUIREMENT("RFC 4213 3.6", "Packets of protocol 41 from elsewhere are dropped");
    const Bytes inner_packet = ip_bytes(from_the_other_site());
    EXPECT_TRUE(
        router().receives("wan", in_protocol_41(inner_packet).from("198.51.100.77")).empty());
    EXPECT_EQ(router().drops(DropReason::tunnel_unknown), 1u);
}

TEST_F(Ipv6Tunnel, InnerSourcesThatAreNobodysAreDropped) {
    REQUIREMENT("RFC 4213 4", "Inner sources that are groups, loopback, or IPv4's are dropped");
    uint64_t refused = 0;
    for (const char* source : {"ff02::1", "::1", "::10.0.0.1", "::ffff:10.0.0.1"}) {
        EXPECT_TRUE(router()
                        .receives("wan", in_protocol_41(ip_bytes(from_the_other_site(source))))
                        .empty());
        EXPECT_EQ(router().drops(DropReason::source_martian), ++refused);
    }
}

TEST_F(Ipv6Tunnel, TheWayBackIsAskedForWhereTheTunnelWantsThat) {
    TestRouter& r = router_with({.other = R"("type": "ipip", "reverse_path": "strict")"});
    EXPECT_TRUE(r.receives("wan", in_protocol_41(ip_bytes(from_the_other_site()))).empty());
    EXPECT_EQ(r.drops(DropReason::reverse_path_failed), 1u);
    EXPECT_EQ(r.receives("wan", in_protocol_41(ip_bytes(from_the_other_site(behind_other)))).size(),
              1u);
}

TEST_F(Ipv6Tunnel, WithoutIpv6AnywhereItIsNoPayload) {
    Network without(with_tunnels({}));
    EXPECT_TRUE(
        without.router.receives("wan", from_there(gre_of_ipv6, ip_bytes(from_the_other_site())))
            .empty());
    EXPECT_EQ(without.router.drops(DropReason::tunnel_payload), 1u);
}

TEST_F(Ipv6Tunnel, TheClassOfTrafficIsInheritedBothWays) {
    REQUIREMENT("RFC 6040 4.1", "The outer ECN field is the inner one's (normal mode)");
    REQUIREMENT("RFC 6040 4.2", "Inner and outer ECN field become one by the table of figure 4");
    constexpr uint8_t ect0 = 2, congestion = 3;
    const Sent in =
        only(router().receives("lan", ipv6().to(behind_there).traffic_class(0xb8 | ect0)));
    EXPECT_EQ(in.frame.ipv4().tos, 0xb8 | ect0);
    EXPECT_EQ(ipv6_of(taken_out6(in.frame, gre_headers)).traffic_class(), 0xb8 | ect0);
    const auto comes = [&](uint8_t inner_class) {
        const Bytes packet = from_the_other_site().traffic_class(inner_class);
        return router().receives("wan", from_there(gre_of_ipv6, ip_bytes(packet)).tos(congestion));
    };
    EXPECT_EQ(ipv6_of(only(comes(0x28 | ect0)).frame).traffic_class(), 0x28 | congestion);
    EXPECT_TRUE(comes(0x28).empty());
    EXPECT_EQ(router().drops(DropReason::tunnel_ecn), 1u);
}

TEST_F(Ipv6Tunnel, TheOuterTimeToLiveIsSetOrInherited) {
    REQUIREMENT("RFC 4213 3.3", "The tunnel is one hop: the outer time to live is its own");
    EXPECT_EQ(only(router().receives("lan", ipv6().to(behind_other).hops(9))).frame.ipv4().ttl, 64);
    TestRouter& r = router_with({.other = R"("type": "ipip", "ttl": "inherit", "dscp": 10)"});
    const Sent sent = only(r.receives("lan", ipv6().to(behind_other).hops(9).traffic_class(0xb9)));
    EXPECT_EQ(sent.frame.ipv4().ttl, 8);
    EXPECT_EQ(sent.frame.ipv4().tos, 10 << 2 | 1);
}

TEST_F(Ipv6Tunnel, WhatIsTooBigForItGoesBack) {
    REQUIREMENT("RFC 4213 3.2.2", "Larger than the tunnel's MTU: Packet Too Big, with that MTU");
    EXPECT_EQ(router().receives("lan", ipv6().to(behind_there).payload(1436)).size(), 1u);
    const auto sent = router().receives("lan", ipv6().to(behind_there).payload(1437));
    EXPECT_TRUE(is_error6(sent, type::too_big, 0, "2001:db8:1::1", "2001:db8:1::9"));
    EXPECT_EQ(word_of(sent[0].frame), 1476u);
}

TEST_F(Ipv6Tunnel, ANarrowWayIsToldToItAndThenToTheSource) {
    REQUIREMENT("RFC 4213 3.2.2", "ICMPv4's Fragmentation Needed lowers the tunnel's MTU");
    const Sent outer = only(router().receives("lan", ipv6().to(behind_other).payload(1400)));
    Bytes quote = ip_bytes(outer.frame.bytes());
    quote.resize(28);
    auto error = ipv4().from("203.0.113.1").to("203.0.113.2").icmp(3, 4).payload(quote).build();
    error[14 + 20 + 6] = 1400 >> 8;
    error[14 + 20 + 7] = 1400 & 0xff;
    error[14 + 20 + 2] = error[14 + 20 + 3] = 0;
    const net::Be16 sum = net::checksum_of(net::sum_words(error.data() + 34, error.size() - 34));
    std::memcpy(error.data() + 36, static_cast<const void*>(&sum), 2);
    EXPECT_TRUE(router().receives("wan", error).empty());
    router().take_plan();
    const auto sent = router().receives("lan", ipv6().to(behind_other).payload(1400));
    EXPECT_TRUE(is_error6(sent, type::too_big, 0, "2001:db8:1::1", "2001:db8:1::9"));
    EXPECT_EQ(word_of(sent[0].frame), 1380u);
}

TEST_F(Ipv6Tunnel, OfALinkThatIsTooNarrowForIpv6TheOuterPacketIsFragmented) {
    REQUIREMENT("RFC 4213 3.2.2", "1280 bytes are carried over any way, in fragments if need be");
    TestRouter& r = router_with({.there = R"("type": "gre", "mtu": 1000)"});
    const Sent small = only(r.receives("lan", ipv6().to(behind_there).payload(900)));
    EXPECT_TRUE(small.frame.ipv4().dont_fragment());
    const Sent large = only(r.receives("lan", ipv6().to(behind_there).payload(1240)));
    EXPECT_FALSE(large.frame.ipv4().dont_fragment());
    const auto sent = r.receives("lan", ipv6().to(behind_there).payload(1241));
    EXPECT_TRUE(is_error6(sent, type::too_big, 0, "2001:db8:1::1", "2001:db8:1::9"));
    EXPECT_EQ(word_of(sent[0].frame), 1280u);
}

TEST_F(Ipv6Tunnel, FragmentsOfTheOuterPacketAreItsOwnersWish) {
    TestRouter& r = router_with({.there = R"("type": "gre", "dont_fragment": "clear")"});
    EXPECT_FALSE(only(r.receives("lan", ipv6().to(behind_there))).frame.ipv4().dont_fragment());
}

TEST_F(Ipv6Tunnel, TcpIsToldWhatFits) {
    const auto mss = [](const Frame& frame, size_t headers) {
        const Frame packet = taken_out6(frame, headers);
        EXPECT_TRUE(checksum6_holds(packet));
        const Bytes tcp = payload_of(packet);
        return tcp[22] << 8 | tcp[23];
    };
    EXPECT_EQ(mss(only(router().receives("lan", ipv6().to(behind_there).tcp_syn(1440))).frame, 24),
              1476 - 60);
    EXPECT_EQ(mss(only(router().receives("lan", ipv6().to(behind_there).tcp_syn(1200))).frame, 24),
              1200);
    const Bytes coming = from_the_other_site().tcp_syn(8000);
    const Sent out = only(router().receives("wan", from_there(gre_of_ipv6, ip_bytes(coming))));
    EXPECT_EQ(mss(out.frame, 0), 1476 - 60);
    TestRouter& r = router_with({.there = R"("type": "gre", "clamp_mss": false)"});
    EXPECT_EQ(mss(only(r.receives("lan", ipv6().to(behind_there).tcp_syn(1440))).frame, 24), 1440);
}

TEST_F(Ipv6Tunnel, TheRouterAnswersByIt) {
    const Bytes ping = ipv6().from(behind_there).to("2001:db8:aa::1").echo_request();
    const Sent sent = only(router().receives("wan", from_there(gre_of_ipv6, ip_bytes(ping))));
    const Frame reply = taken_out6(sent.frame, gre_headers);
    EXPECT_TRUE(is_icmp6(reply, type::echo_reply));
    EXPECT_TRUE(checksum6_holds(reply));
    // Traceroute shows the tunnel as a hop.
    const Bytes spent = from_the_other_site().hops(1);
    const Sent error = only(router().receives("wan", from_there(gre_of_ipv6, ip_bytes(spent))));
    EXPECT_TRUE(is_icmp6(taken_out6(error.frame, gre_headers), type::time_exceeded));
    EXPECT_EQ(ipv6_of(taken_out6(error.frame, gre_headers)).source_address(),
              ip6("2001:db8:aa::1"));
}

TEST_F(Ipv6Tunnel, NothingGoesBackToANetworkThatIsTheTunnelsOwn) {
    REQUIREMENT("RFC 4443 3.1", "From a point-to-point link to nobody on it: never back, code 3");
    const Bytes lost = ipv6().from(behind_there).to("2001:db8:aa::77");
    const Sent sent = only(router().receives("wan", from_there(gre_of_ipv6, ip_bytes(lost))));
    EXPECT_TRUE(is_icmp6(taken_out6(sent.frame, gre_headers), type::unreachable,
                         type::address_unreachable));
    EXPECT_EQ(router().drops(DropReason::tunnel_back), 1u);
}

TEST_F(Ipv6Tunnel, HasNoNeighboursToDiscover) {
    const Bytes asks = ipv6()
                           .from(behind_there)
                           .to("2001:db8:aa::1")
                           .hops(255)
                           .icmp6(type::neighbour_solicitation, 0);
    EXPECT_TRUE(router().receives("wan", from_there(gre_of_ipv6, ip_bytes(asks))).empty());
    EXPECT_EQ(router().drops(DropReason::icmp_not_answered), 1u);
}

TEST_F(Ipv6Tunnel, ADownTunnelsRoutesAreOutOfUse) {
    TestRouter& r =
        router_with({.routes = R"(, { "prefix": "2001:db8::/32", "via": "2001:db8:ff::1" })"});
    EXPECT_EQ(only(r.receives("lan", ipv6().to(behind_there))).frame.ethernet().type.host(),
              0x0800);
    Wishes6 without;
    without.routes = R"(, { "prefix": "2001:db8::/32", "via": "2001:db8:ff::1" })";
    without.there = R"("type": "gre", "enabled": false)";
    TestRouter& down = router_with(without);
    EXPECT_TRUE(is_ipv6(only(down.receives("lan", ipv6().to(behind_there))).frame));
}

TEST_F(Ipv6Tunnel, CarriesChecksumsAndNumbers) {
    TestRouter& r =
        router_with({.there = R"("type": "gre", "key": 7, "checksum": true, "sequence": true)"});
    const Sent sent = only(r.receives("lan", ipv6().to(behind_there).payload(33)));
    const Bytes gre = sent.frame.ip_payload();
    EXPECT_EQ(gre[0], 0xb0);
    EXPECT_TRUE(net::checksum_holds(gre.data(), gre.size()));
    EXPECT_EQ(payload_of(taken_out6(sent.frame, 36)).size(), 33u);
}

}  // namespace
}  // namespace sluice::test
