// SPDX-License-Identifier: BSD-3-Clause
// IPv6 packets on their way through: validation, addresses, routes, hop limit, size, errors.
#include "test/path/network6.h"

namespace sluice::test {
namespace {

namespace type = net::icmp6;

class Ipv6Forward : public Ipv6Network {};

TEST_F(Ipv6Forward, GoesOnOneHopOlder) {
    REQUIREMENT("RFC 8200 3", "The hop limit goes down by one at each node that forwards");
    const Bytes in = ipv6().hops(64).traffic_class(0xb9).udp(1000, 2000).payload(100);
    const Sent sent = only(router().receives("lan", in));
    EXPECT_EQ(sent.interface, "wan");
    EXPECT_EQ(sent.frame.ethernet().destination, gateway);
    EXPECT_EQ(sent.frame.ethernet().source, router().mac_of("wan"));
    Bytes expected = in;
    std::copy_n(sent.frame.bytes().begin(), 12, expected.begin());
    expected[14 + 7] = 63;
    EXPECT_EQ(sent.frame.bytes(), expected);
}

TEST_F(Ipv6Forward, GoesToANeighbourOnAConnectedNetwork) {
    const Sent sent = only(router().receives(
        "wan", ipv6().from("2001:db8:9::5").to("2001:db8:1::9").from_mac(gateway)));
    EXPECT_EQ(sent.interface, "lan");
    EXPECT_EQ(sent.frame.ethernet().destination, host);
}

TEST_F(Ipv6Forward, PassesOverExtensionHeaders) {
    REQUIREMENT("RFC 8200 4", "Extension headers are not processed by nodes on the way");
    REQUIREMENT("RFC 8200 4.3", "Nodes on the way may leave hop-by-hop options unexamined");
    const Bytes unknown_option{0, 0, 0xc5, 4, 1, 2, 3, 4};
    const Sent sent = only(router().receives("lan", ipv6().extension(0, unknown_option)));
    EXPECT_EQ(sent.interface, "wan");
    const Bytes payload = payload_of(sent.frame);
    EXPECT_EQ(Bytes(payload.begin() + 1, payload.begin() + 8),
              Bytes(unknown_option.begin() + 1, unknown_option.end()));
}

TEST_F(Ipv6Forward, EndsWhereItsHeaderSays) {
    const Sent sent = only(router().receives("lan", ipv6().payload(6).padding(20)));
    EXPECT_EQ(sent.frame.size(), 14u + 40 + 6);
}

TEST_F(Ipv6Forward, CrossesBuffersOfAnySize) {
    const Bytes in = ipv6().payload(900);
    const Sent sent = only(router().receives_in_pieces("lan", router().addressed("lan", in), 100));
    EXPECT_EQ(payload_of(sent.frame), payload_of(Frame(in)));
}

struct Broken {
    Bytes frame;
    DropReason reason;
};
TEST_F(Ipv6Forward, WhatIsMalformedIsDroppedInSilence) {
    Bytes cut = ipv6();
    cut.resize(14 + 39);
    for (const Broken& broken :
         {Broken{cut, DropReason::ip_header_truncated},
          Broken{ipv6().version(4), DropReason::ip_bad_version},
          Broken{ipv6().payload(10).payload_length(11), DropReason::ip_bad_total_length}}) {
        EXPECT_TRUE(router().receives("lan", broken.frame).empty());
        EXPECT_EQ(router().drops(broken.reason), 1u) << layout::text_of(broken.reason).name;
    }
}

TEST_F(Ipv6Forward, AnInterfaceWithoutAnAddressSpeaksNone) {
    EXPECT_TRUE(router().receives("dmz", ipv6()).empty());
    EXPECT_EQ(router().drops(DropReason::ipv6_not_routed), 1u);
}

TEST_F(Ipv6Forward, SourcesThatAreNoHostsAreRefused) {
    REQUIREMENT("RFC 4291 2.5.2", "A packet from the unspecified address is not forwarded");
    REQUIREMENT("RFC 4291 2.5.3", "A packet from the loopback address is not taken from outside");
    REQUIREMENT("RFC 4291 2.7", "A group is nobody's source address");
    uint64_t refused = 0;
    for (const char* source : {"::", "::1", "ff02::1", "::ffff:10.0.0.9", "::10.0.0.9"}) {
        EXPECT_TRUE(router().receives("lan", ipv6().from(source)).empty()) << source;
        EXPECT_EQ(router().drops(DropReason::source_martian), ++refused) << source;
    }
}

TEST_F(Ipv6Forward, DestinationsThatAreNoHostsAreRefused) {
    REQUIREMENT("RFC 4291 2.5.3", "A packet to the loopback address is not forwarded");
    uint64_t refused = 0;
    for (const char* to : {"::", "::1", "::ffff:10.0.0.9"}) {
        EXPECT_TRUE(router().receives("lan", ipv6().to(to).to_mac(router().mac_of("lan"))).empty());
        EXPECT_EQ(router().drops(DropReason::destination_martian), ++refused) << to;
    }
    EXPECT_TRUE(router().receives("lan", ipv6().to("ff0e::99")).empty());
    EXPECT_EQ(router().drops(DropReason::group_not_joined), 1u);
}

TEST_F(Ipv6Forward, NobodyElseSpeaksFromOurAddress) {
    EXPECT_TRUE(router().receives("lan", ipv6().from("2001:db8:ff::2")).empty());
    EXPECT_TRUE(router().receives("lan", ipv6().from(link_local("lan"))).empty());
    EXPECT_EQ(router().drops(DropReason::source_is_ours), 2u);
}

TEST_F(Ipv6Forward, TheWayBackIsAskedForWhereTheInterfaceWantsThat) {
    REQUIREMENT("RFC 3704 2.2", "Strict: the way back to the source is by the same interface");
    TestRouter& strict = router_with({.lan = R"(, "reverse_path": "strict")"});
    EXPECT_TRUE(strict.receives("lan", ipv6().from("2001:db8:9::6")).empty());
    EXPECT_EQ(strict.drops(DropReason::reverse_path_failed), 1u);
    EXPECT_EQ(strict.receives("lan", ipv6()).size(), 1u);
    TestRouter& loose = router_with({.lan = R"(, "reverse_path": "loose")"});
    EXPECT_EQ(loose.receives("lan", ipv6().from("2001:db8:9::6")).size(), 1u);
    EXPECT_TRUE(loose.receives("lan", ipv6().from("2001:db8:777::6")).empty());
}

TEST_F(Ipv6Forward, LinkLocalAddressesStayOnTheirLink) {
    REQUIREMENT("RFC 4291 2.5.6", "Nothing from or to a link-local address is forwarded");
    REQUIREMENT("RFC 4443 3.1", "The source is told that its scope ends here");
    EXPECT_TRUE(router().receives("lan", ipv6().to("fe80::77")).empty());
    EXPECT_EQ(router().drops(DropReason::ipv6_beyond_link), 1u);
    router().knows("lan", "fe80::9", host);
    EXPECT_TRUE(is_error6(router().receives("lan", ipv6().from("fe80::9")), type::unreachable,
                          type::beyond_scope, link_local("lan"), "fe80::9"));
    EXPECT_EQ(router().drops(DropReason::ipv6_beyond_link), 2u);
}

TEST_F(Ipv6Forward, TheLongestRouteIsTaken) {
    TestRouter& r = router_with({.routes = R"(, { "prefix": "::/0", "via": "2001:db8:1::9" },
                        { "prefix": "2001:db8:9:1::/64", "type": "blackhole" },
                        { "prefix": "2001:db8:9:1::7/128", "via": "fe80::5", "interface": "wan" })"});
    r.knows("wan", "fe80::5", mac("02:00:00:00:01:05"));
    const auto by = [&](const char* to) {
        return only(r.receives("wan", ipv6().from("2001:db8:7::1").to(to)))
            .frame.ethernet()
            .destination;
    };
    EXPECT_EQ(by("2606::1"), host);
    EXPECT_EQ(by("2001:db8:9:2::1"), gateway);
    EXPECT_EQ(by("2001:db8:9:1::7"), mac("02:00:00:00:01:05"));
    EXPECT_TRUE(r.receives("lan", ipv6().to("2001:db8:9:1::8")).empty());
    EXPECT_EQ(r.drops(DropReason::route_blackhole), 1u);
}

TEST_F(Ipv6Forward, RoutesByAnInterfaceThatIsDownAreOutOfUse) {
    TestRouter& r =
        router_with({.routes = R"(, { "prefix": "2001:db8::/32", "via": "2001:db8:1::9" })"});
    EXPECT_EQ(only(r.receives("lan", ipv6())).interface, "wan");
    r.link_down("wan");
    EXPECT_EQ(only(r.receives("lan", ipv6())).interface, "lan");
}

struct Refusal {
    const char* to;
    uint8_t code;
    DropReason reason;
};
TEST_F(Ipv6Forward, TheSourceIsToldWhyItsPacketGoesNowhere) {
    REQUIREMENT("RFC 4443 3.1", "Destination Unreachable says why, by its code");
    for (const Refusal& r :
         {Refusal{"2001:db8:777::1", type::no_route, DropReason::no_route},
          Refusal{"2001:db8:c::1", type::address_unreachable, DropReason::route_unreachable},
          Refusal{"2001:db8:d::1", type::prohibited, DropReason::route_prohibited}}) {
        const Bytes packet = ipv6().to(r.to);
        const auto sent = router().receives("lan", packet);
        EXPECT_TRUE(is_error6(sent, type::unreachable, r.code, "2001:db8:1::1", "2001:db8:1::9"));
        EXPECT_EQ(router().drops(r.reason), 1u);
        const Bytes message = payload_of(sent[0].frame);
        EXPECT_EQ(Bytes(message.begin() + 8, message.end()), ip_bytes(packet));
    }
}

TEST_F(Ipv6Forward, ASpentHopLimitIsTold) {
    REQUIREMENT("RFC 4443 3.3", "Time Exceeded is sent for a packet whose hop limit is spent");
    for (const uint8_t hops : {0, 1}) {
        EXPECT_TRUE(is_error6(router().receives("lan", ipv6().hops(hops)), type::time_exceeded, 0,
                              "2001:db8:1::1", "2001:db8:1::9"));
    }
    EXPECT_EQ(router().drops(DropReason::ttl_expired), 2u);
    EXPECT_EQ(router().receives("lan", ipv6().hops(2)).size(), 1u);
}

TEST_F(Ipv6Forward, WhatIsTooBigGoesBackWhole) {
    REQUIREMENT("RFC 8200 5", "Routers do not fragment");
    REQUIREMENT("RFC 4443 3.2", "Packet Too Big says the MTU of the next link");
    TestRouter& r = router_with({.wan = R"(, "mtu": 1400)"});
    EXPECT_EQ(r.receives("lan", ipv6().payload(1360)).size(), 1u);
    const auto sent = r.receives("lan", ipv6().payload(1361));
    EXPECT_TRUE(is_error6(sent, type::too_big, 0, "2001:db8:1::1", "2001:db8:1::9"));
    EXPECT_EQ(word_of(sent[0].frame), 1400u);
    EXPECT_EQ(sent[0].frame.size(), 14u + 1280);  // RFC 4443 2.4 c
    // The quotation is as it came, its hop limit too.
    EXPECT_EQ(payload_of(sent[0].frame)[8 + 7], 64);
    EXPECT_EQ(r.drops(DropReason::too_big), 1u);
}

TEST_F(Ipv6Forward, NoErrorIsSentAboutWhatNoneMayBeSentAbout) {
    REQUIREMENT("RFC 4443 2.4 e", "No error about an error, a redirect, or to no single host");
    const auto silent = [&](const Bytes& frame) { return router().receives("lan", frame).empty(); };
    EXPECT_TRUE(silent(ipv6().hops(1).icmp6(type::unreachable, 0)));
    EXPECT_TRUE(silent(ipv6().hops(1).icmp6(100, 0)));  // an error nobody knows is one
    EXPECT_TRUE(silent(ipv6().hops(1).icmp6(type::redirect, 0)));
    // Behind another header, and where it can't be seen any more.
    EXPECT_TRUE(silent(ipv6().hops(1).icmp6(type::too_big, 0).extension(60, Bytes(8))));
    EXPECT_TRUE(silent(ipv6().hops(1).protocol(58).extension(44, {0, 0, 0, 8, 0, 0, 0, 1})));
    EXPECT_TRUE(silent(ipv6().hops(1).protocol(60).payload(4)));
    EXPECT_EQ(router().drops(DropReason::ttl_expired), 6u);
    EXPECT_FALSE(silent(ipv6().hops(1).echo_request()));
    // In a frame to all stations.
    EXPECT_TRUE(silent(ipv6().hops(1).to_mac(net::broadcast_mac)));
    EXPECT_EQ(router().drops(DropReason::link_broadcast), 1u);
}

TEST_F(Ipv6Forward, ErrorsAreLimited) {
    REQUIREMENT("RFC 4443 2.4 f", "Errors are limited in rate");
    TestRouter& r = router_with({.rest = R"(, "icmp": { "errors_per_source_per_second": 3 })"});
    size_t told = 0;
    for (unsigned n = 0; n < 10; ++n) told += r.receives("lan", ipv6().hops(1)).size();
    EXPECT_EQ(told, 3u);
    EXPECT_EQ(r.tally(layout::Tally::icmp_errors_limited), 7u);
}

TEST_F(Ipv6Forward, PlansThatContradictThemselvesAreRefused) {
    auto snapshot = std::make_unique<layout::Snapshot>();
    ASSERT_GT(router().plan().generation, 0u);
    std::vector<NeighbourEntry> entries(64);
    NeighbourTable neighbours(entries);
    const std::vector<InterfaceFacts> facts(layout::max_interfaces);
    snapshot->interfaces[0].name[0] = 'x';
    const auto refused = [&](auto&& spoil) {
        const layout::Ipv6 before = snapshot->ipv6;
        spoil(snapshot->ipv6);
        bool threw = false;
        try {
            (void)compile(*snapshot, facts, neighbours);
        } catch (const std::runtime_error&) {
            threw = true;
        }
        snapshot->ipv6 = before;
        return threw;
    };
    EXPECT_FALSE(refused([](layout::Ipv6&) {}));
    EXPECT_TRUE(refused([](auto& s) { s.address_count = layout::max_addresses6 + 1; }));
    EXPECT_TRUE(refused([](auto& s) { s.route_count = layout::max_routes6 + 1; }));
    EXPECT_TRUE(refused([](auto& s) {
        s.address_count = 1;
        s.addresses[0].interface = 1;
    }));
    EXPECT_TRUE(refused([](auto& s) {
        s.address_count = 1;
        s.addresses[0].length = 129;
    }));
    EXPECT_TRUE(refused([](auto& s) {
        s.route_count = 1;
        s.routes[0] = {0, 0, 0, 0, layout::no_interface, 64, NextHopKind::connected, {}};
    }));
    EXPECT_TRUE(refused([](auto& s) {
        s.route_count = 1;
        s.routes[0] = {0, 0, 0, 0, 0, 64, NextHopKind::group, {}};
    }));
    EXPECT_TRUE(refused([](auto& s) {
        s.route_count = 1;
        s.routes[0] = {0, 0, 0, 0, 0, 200, NextHopKind::blackhole, {}};
    }));
}

}  // namespace
}  // namespace sluice::test
