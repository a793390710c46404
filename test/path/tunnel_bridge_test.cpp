// SPDX-License-Identifier: BSD-3-Clause
// Whole Ethernet frames between a port and a GRE tunnel: RFC 2784 with protocol type 0x6558.
//
//   hosts ─ side [bridged with "there"] router ─ wan ═ there (198.51.100.9) ═ hosts of the same
//   network
#include "test/path/tunnel_network.h"

namespace sluice::test {
namespace {

constexpr uint16_t bridging_type = 0x6558;
const Bytes bridging_gre = words({0, bridging_type});

class Bridging : public BothWays {
  protected:
    TestRouter& router_with(const std::string& more = "", const std::string& side = "") {
        network_ = std::make_unique<Network>(
            Wishes{.dmz = R"( }, "side": { "device": "net_null3")" + side,
                   .routes = R"(, { "prefix": "198.51.100.0/24", "via": "203.0.113.1" })",
                   .rest = R"(, "tunnels": { "there": { "type": "gre", "bridge": "side",
                         "local": "203.0.113.2", "remote": "198.51.100.9")" +
                           more + " } }"});
        use_way(network_->router);
        return network_->router;
    }

  private:
    std::unique_ptr<Network> network_;
};
TEST_BOTH_WAYS(Bridging);

// Of this many bytes in all.
Bytes frame_of_type(uint16_t type, size_t size = 60, std::string_view to = "ff:ff:ff:ff:ff:ff") {
    Bytes frame(size);
    std::memcpy(frame.data(), mac(to).bytes.data(), 6);
    std::memcpy(frame.data() + 6, mac("02:00:00:00:77:01").bytes.data(), 6);
    frame[12] = static_cast<uint8_t>(type >> 8);
    frame[13] = static_cast<uint8_t>(type);
    for (size_t i = 14; i < size; ++i) frame[i] = static_cast<uint8_t>(i);
    return frame;
}

// The packet in a frame for a host of the other side.
Bytes frame_for_host(const Ipv4Builder& packet) {
    Bytes frame = packet.build();
    std::memcpy(frame.data(), mac("02:00:00:00:88:01").bytes.data(), 6);
    return frame;
}

Bytes with_tag(const Bytes& frame, uint16_t type = 0x8100) {
    return Bytes(frame.begin(), frame.begin() + 12) + words({type, 7}) +
           Bytes(frame.begin() + 12, frame.end());
}

Bytes carried_by(const Frame& outer, size_t gre = 4) {
    return Bytes(outer.bytes().begin() + 34 + static_cast<long>(gre), outer.bytes().end());
}

TEST_P(Bridging, FramesOfAllTypesGoIntoTheTunnelWhole) {
    REQUIREMENT("RFC 2784 2.4",
                "A payload's protocol type is its EtherType: an Ethernet frame's is "
                "0x6558 (Transparent Ethernet Bridging, RFC 1701)");
    TestRouter& router = router_with();
    const Bytes spanning_tree = frame_of_type(0x0026, 60, "01:80:c2:00:00:00");
    const Bytes arp =
        Arp{.sender_mac = mac("02:00:00:00:77:01"), .sender = "10.7.0.1", .target = "10.7.0.2"}
            .build();
    const Bytes to_router = frame_of_type(0x0800, 60, net::to_string(router.mac_of("side")));
    for (const Bytes& frame :
         {frame_of_type(0x86dd), frame_of_type(0x88cc), spanning_tree, arp, to_router,
          with_tag(frame_of_type(0x0800)), with_tag(with_tag(frame_of_type(0x86dd)), 0x88a8),
          frame_for_host(ipv4().from("10.7.0.1").to("10.7.0.2").ttl(1)), frame_of_type(0, 14)}) {
        const Sent sent = only(router.receives("side", frame));
        EXPECT_EQ(sent.interface, "wan");
        EXPECT_EQ(sent.frame.ipv4().destination_address(), ip("198.51.100.9"));
        EXPECT_EQ(sent.frame.ipv4().ttl, 64);
        EXPECT_TRUE(sent.frame.checksums_hold());
        EXPECT_EQ(Bytes(sent.frame.bytes().begin() + 34, sent.frame.bytes().begin() + 38),
                  bridging_gre);
        EXPECT_EQ(carried_by(sent.frame), frame);
    }
    EXPECT_EQ(router.all_drops(), 0u);
    const auto& side = router.context().counters.interfaces[router.id_of("side")];
    const auto& tunnel = router.context().counters.interfaces[router.id_of("there")];
    EXPECT_EQ(tunnel.tx_packets.get(), 9u);
    EXPECT_EQ(side.rx_packets.get(), GetParam() ? 0u : 9u) << "run_plain() counts none";
}

TEST_P(Bridging, FramesOutOfTheTunnelGoOutByThePortAsTheyAre) {
    TestRouter& router = router_with();
    for (const Bytes& frame :
         {frame_of_type(0x86dd), frame_of_type(0x0806), frame_of_type(0x0800, 14),
          with_tag(frame_of_type(0x0800, 1514)),
          frame_for_host(ipv4().from("10.7.0.9").to("10.7.0.2").ttl(1).checksum(7))}) {
        const Sent sent = only(router.receives("wan", from_there(bridging_gre, frame)));
        EXPECT_EQ(sent.interface, "side");
        EXPECT_EQ(sent.frame.bytes(), frame);
    }
    EXPECT_EQ(router.all_drops(), 0u);
    EXPECT_EQ(router.context().counters.interfaces[router.id_of("there")].rx_packets.get(), 5u);
}

TEST_P(Bridging, KeyChecksumAndNumberStandInFront) {
    TestRouter& router = router_with(R"(, "key": 7, "checksum": true, "sequence": true)");
    const Bytes frame = frame_of_type(0x86dd, 77);
    const Frame outer = only(router.receives("side", frame)).frame;
    EXPECT_EQ(carried_by(outer, 16), frame);
    EXPECT_TRUE(net::checksum_holds(outer.bytes().data() + 34, outer.size() - 34));
    EXPECT_EQ(
        only(router.receives(
                 "wan",
                 from_there(Bytes(outer.bytes().begin() + 34, outer.bytes().begin() + 50), frame)))
            .frame.bytes(),
        frame);
}

TEST_P(Bridging, FrameInSeveralBuffersComesOutWhole) {
    TestRouter& router = router_with();
    const Bytes frame = frame_of_type(0x86dd, 1000);
    for (const size_t piece : {64, 333}) {
        EXPECT_EQ(carried_by(only(router.receives_in_pieces("side", frame, piece)).frame), frame);
        const Bytes outer = router.addressed("wan", from_there(bridging_gre, frame));
        EXPECT_EQ(only(router.receives_in_pieces("wan", outer, piece)).frame.bytes(), frame);
    }
}

TEST_P(Bridging, MtuOfTheTunnelLeavesRoomForTheFramesHeader) {
    TestRouter& router = router_with(R"(, "dont_fragment": "set")");
    EXPECT_EQ(router.plan().interfaces[router.id_of("there")].mtu, 1500u - 24 - 14);
    EXPECT_EQ(only(router.receives("side", frame_of_type(0x86dd, 14 + 1462))).frame.size(), 1514u);
    EXPECT_TRUE(router.receives("side", frame_of_type(0x86dd, 14 + 1463)).empty());
    EXPECT_EQ(router.drops(DropReason::bridge_too_big), 1u);
}

TEST_P(Bridging, FrameThatIsTooLargeIsDroppedAndNobodyIsTold) {
    TestRouter& router = router_with();
    const Bytes large =
        frame_for_host(ipv4().from("10.7.0.1").to("10.7.0.2").dont_fragment().payload(1480));
    EXPECT_TRUE(router.receives("side", large).empty());
    EXPECT_EQ(router.drops(DropReason::bridge_too_big), 1u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

Bytes joined_pieces(const std::vector<Sent>& pieces) {
    Bytes whole;
    for (const Sent& piece : pieces) whole = whole + piece.frame.ip_payload();
    return whole;
}

TEST_P(Bridging, OuterPacketIsFragmentedWhereItMayBe) {
    TestRouter& router = router_with(R"(, "dont_fragment": "clear")");
    const Bytes large =
        frame_for_host(ipv4().from("10.7.0.1").to("10.7.0.2").dont_fragment().payload(1480));
    const auto pieces = router.receives("side", large);
    ASSERT_EQ(pieces.size(), 2u);
    EXPECT_EQ(joined_pieces(pieces), bridging_gre + large);

    std::vector<Sent> out;
    for (const Sent& piece : pieces) {
        const net::Ipv4Header& ip = piece.frame.ipv4();
        out = router.receives("wan", ipv4()
                                         .from("198.51.100.9")
                                         .to("203.0.113.2")
                                         .protocol(gre_protocol)
                                         .id(9)
                                         .fragment(ip.fragment_offset(), ip.more_fragments())
                                         .payload(piece.frame.ip_payload()));
    }
    EXPECT_EQ(only(out).frame.bytes(), large);
}

// "copy" has nothing to copy from a frame without IPv4.
TEST_P(Bridging, FramesWithoutIpv4AreFragmentedUnlessThatIsForbidden) {
    TestRouter& router = router_with();
    EXPECT_EQ(router.receives("side", frame_of_type(0x86dd, 1514)).size(), 2u);
    EXPECT_EQ(router.receives("side", frame_for_host(ipv4().to("10.7.0.2").payload(1480))).size(),
              2u);
}

TEST_P(Bridging, MtuThatWasAskedForHoldsEvenWhereTheOuterPacketMayBeFragmented) {
    TestRouter& router = router_with(R"(, "dont_fragment": "clear", "mtu": 1400)");
    EXPECT_EQ(router.receives("side", frame_of_type(0x86dd, 1414)).size(), 1u);
    EXPECT_TRUE(router.receives("side", frame_of_type(0x86dd, 1415)).empty());
    EXPECT_EQ(router.drops(DropReason::bridge_too_big), 1u);
}

TEST_P(Bridging, FrameThatIsTooLargeForThePortIsDropped) {
    TestRouter& router = router_with("", R"(, "mtu": 1000)");
    EXPECT_EQ(router.receives("wan", from_there(bridging_gre, frame_of_type(0x86dd, 1014))).size(),
              1u);
    EXPECT_EQ(
        router.receives("wan", from_there(bridging_gre, with_tag(frame_of_type(0x86dd, 1014))))
            .size(),
        1u)
        << "a tag is no part of the packet";
    EXPECT_TRUE(
        router.receives("wan", from_there(bridging_gre, frame_of_type(0x86dd, 1015))).empty());
    EXPECT_EQ(router.drops(DropReason::bridge_too_big), 1u);
}

TEST_P(Bridging, OuterHeaderTakesOverWhatAnIpv4HeaderInTheFrameSays) {
    TestRouter& router = router_with();
    const Bytes packet = frame_for_host(ipv4().to("10.7.0.2").tos(0xba).dont_fragment().ttl(9));
    for (const Bytes& frame : {packet, with_tag(packet), with_tag(with_tag(packet), 0x88a8)}) {
        const Frame outer = only(router.receives("side", frame)).frame;
        EXPECT_EQ(outer.ipv4().tos, 0xba);
        EXPECT_TRUE(outer.ipv4().dont_fragment());
        EXPECT_EQ(outer.ipv4().ttl, 64) << "what is for this network alone is to get across";
    }
    const Frame of_other = only(router.receives("side", frame_of_type(0x86dd))).frame;
    EXPECT_EQ(of_other.ipv4().tos, 0);
    EXPECT_FALSE(of_other.ipv4().dont_fragment());
}

TEST_P(Bridging, OuterHeaderSaysWhatWasAskedFor) {
    TestRouter& router = router_with(R"(, "dscp": 46, "ttl": 33, "dont_fragment": "set")");
    for (const Bytes& frame : {frame_of_type(0x86dd), frame_for_host(ipv4().tos(0x28))}) {
        const net::Ipv4Header outer = only(router.receives("side", frame)).frame.ipv4();
        EXPECT_EQ(outer.tos, 46 << 2);
        EXPECT_EQ(outer.ttl, 33);
        EXPECT_TRUE(outer.dont_fragment());
    }
}

TEST_P(Bridging, CongestionMetOnTheWayIsToldInTheFramesIpv4Header) {
    REQUIREMENT("RFC 6040 4.2",
                "Congestion that the outer packet met is marked on an IPv4 packet "
                "within a frame too, or the frame is dropped");
    TestRouter& router = router_with();
    constexpr uint8_t ect0 = 2, congestion = 3;
    const Bytes able = with_tag(frame_for_host(ipv4().to("10.7.0.2").tos(ect0)));
    const Bytes marked = with_tag(frame_for_host(ipv4().to("10.7.0.2").tos(congestion)));
    EXPECT_EQ(
        only(router.receives("wan", from_there(bridging_gre, able).tos(congestion))).frame.bytes(),
        marked);
    const Bytes unable = frame_for_host(ipv4().to("10.7.0.2"));
    EXPECT_TRUE(router.receives("wan", from_there(bridging_gre, unable).tos(congestion)).empty());
    EXPECT_EQ(router.drops(DropReason::tunnel_ecn), 1u);
}

TEST_P(Bridging, WhatIsNoFrameIsDropped) {
    TestRouter& router = router_with();
    for (const size_t size : {0, 1, 13}) {
        EXPECT_TRUE(router.receives("side", Bytes(size)).empty());
        EXPECT_TRUE(router.receives("wan", from_there(bridging_gre, Bytes(size))).empty());
    }
    EXPECT_EQ(router.drops(DropReason::frame_too_short), 6u);
}

TEST_P(Bridging, PacketsThatTheTunnelCarriesWithoutAFrameAreRefused) {
    TestRouter& router = router_with();
    EXPECT_TRUE(router.receives("wan", from_there(plain_gre, ip_bytes(inner()))).empty());
    EXPECT_EQ(router.drops(DropReason::tunnel_payload), 1u);
}

TEST_P(Bridging, FramesOutOfATunnelThatIsNotBridgedAreRefused) {
    Network network(with_tunnels({}));
    use_way(network.router);
    EXPECT_TRUE(
        network.router.receives("wan", from_there(bridging_gre, frame_of_type(0x86dd))).empty());
    EXPECT_EQ(network.router.drops(DropReason::tunnel_payload), 1u);
}

TEST_P(Bridging, KeepaliveOfTheRemoteIsForwardedBack) {
    TestRouter& router = router_with();
    const Bytes question =
        ipv4().from("203.0.113.2").to("198.51.100.9").protocol(gre_protocol).payload(words({0, 0}));
    EXPECT_EQ(only(router.receives("wan", from_there(plain_gre, ip_bytes(question)))).interface,
              "wan");
}

TEST_P(Bridging, LinkThatIsDownEndsFramesWithoutAWord) {
    TestRouter& router = router_with();
    const Bytes packet = frame_for_host(ipv4().from("10.0.0.9").to("10.7.0.2"));
    router.link_down("wan");
    EXPECT_TRUE(router.receives("side", packet).empty()) << "the tunnel is down";
    router.link_up("wan");
    router.link_down("side");
    EXPECT_TRUE(router.receives("wan", from_there(bridging_gre, packet)).empty());
    EXPECT_EQ(router.drops(DropReason::interface_down), 2u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Bridging, PortIsNotRouted) {
    TestRouter& router = router_with();
    Bytes to_router = ipv4().from("10.7.0.1").to("10.0.0.1").echo_request().build();
    const Sent sent = only(router.receives("side", router.addressed("side", to_router)));
    EXPECT_EQ(sent.interface, "wan") << "into the tunnel, as any frame";
    const intent::RouteChange by_port{*net::parse_prefix("10.7.0.0/16"), false, {}, {}, "side"};
    const auto errors = router.intent().change_routes({&by_port, 1});
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_EQ(errors[0].message, R"("side" is bridged with "there", so nothing is routed by it)");
}

TEST_P(Bridging, RouteThatWasThereBeforeLeadsNowhereWhileItsPortIsBridged) {
    Network network(
        {.dmz = R"( }, "side": { "device": "net_null3", "addresses": ["10.7.0.1/24"])"});
    use_way(network.router);
    const intent::RouteChange by_port{*net::parse_prefix("10.8.0.0/16"), false, {}, {}, "side"};
    ASSERT_TRUE(network.router.intent().change_routes({&by_port, 1}).empty());
    network.router.apply(config_of({.dmz = R"( }, "side": { "device": "net_null3")",
                                    .rest = R"(, "tunnels": { "there": { "type": "gre",
                                        "bridge": "side", "local": "203.0.113.2",
                                        "remote": "192.0.2.9" } })"}));
    network.introduce();
    EXPECT_TRUE(is_error(network.router.receives("lan", ipv4().to("10.8.0.5")), 3, 1, "10.0.0.1",
                         "10.0.0.9"));
}

}  // namespace
}  // namespace sluice::test
