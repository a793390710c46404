// SPDX-License-Identifier: BSD-3-Clause
// Neighbour Discovery on ports (RFC 4861).
#include "dataplane/nd/advertise.h"
#include "test/path/network6.h"

namespace sluice::test {
namespace {

namespace type = net::icmp6;

Bytes bytes_of(net::Ipv6Address a) {
    const net::Ipv6Field field = net::Ipv6Field::of(a);
    Bytes bytes(sizeof field);
    std::memcpy(bytes.data(), static_cast<const void*>(&field), sizeof field);
    return bytes;
}
Bytes link_option(uint8_t kind, net::MacAddress m) {
    return Bytes{kind, 1} + Bytes(m.bytes.begin(), m.bytes.end());
}

Ipv6Builder solicitation(std::string_view target, const Bytes& options = {}) {
    return ipv6()
        .to(net::to_string(net::solicited_node(ip6(target))))
        .hops(255)
        .icmp6(type::neighbour_solicitation, 0)
        .payload(bytes_of(ip6(target)) + options);
}
constexpr uint32_t solicited = 0x4000'0000, overrides = 0x2000'0000;
Ipv6Builder advertisement(std::string_view target, uint32_t flags, const Bytes& options = {}) {
    return ipv6()
        .from(target)
        .to("2001:db8:1::1")
        .hops(255)
        .icmp6(type::neighbour_advertisement, 0, flags)
        .payload(bytes_of(ip6(target)) + options);
}

class Ipv6Neighbours : public Ipv6Network {
  protected:
    const net::MacAddress other = mac("02:00:00:00:00:44");

    NeighbourLink link(std::string_view address, std::string_view interface = "lan") {
        const uint32_t place = router().neighbours().find(router().neighbour(interface, address));
        return place == NeighbourTable::none ? NeighbourLink() : router().neighbours().link(place);
    }
    NeighbourCondition condition(std::string_view address) { return link(address).condition(); }
    // Of a message of Neighbour Discovery.
    static net::Ipv6Address target_of(const Frame& frame) {
        const Bytes message = payload_of(frame);
        net::Ipv6Field field;
        std::memcpy(static_cast<void*>(&field), message.data() + 8, sizeof field);
        return field.host();
    }
    static Bytes options_of(const Frame& frame) {
        const Bytes message = payload_of(frame);
        return Bytes(message.begin() + 24, message.end());
    }
    // A packet from the gateway to a host that nobody knows.
    std::vector<Sent> to_unknown(std::string_view host, size_t size = 26) {
        return router().receives(
            "wan", ipv6().from("2001:db8:9::5").to(host).from_mac(gateway).payload(size).build());
    }
};

TEST_F(Ipv6Neighbours, AnUnknownNextHopIsAskedForInItsGroup) {
    REQUIREMENT("RFC 4861 7.2.2", "A solicitation goes to the target's solicited-node group");
    REQUIREMENT("RFC 4861 7.2.2", "Packets wait for the answer, and are then sent");
    const Sent asked = only(to_unknown("2001:db8:1::77", 99));
    EXPECT_EQ(asked.interface, "lan");
    ASSERT_TRUE(is_icmp6(asked.frame, type::neighbour_solicitation));
    EXPECT_TRUE(checksum6_holds(asked.frame));
    EXPECT_EQ(asked.frame.ethernet().destination, mac("33:33:ff:00:00:77"));
    EXPECT_EQ(ipv6_of(asked.frame).destination_address(), ip6("ff02::1:ff00:77"));
    EXPECT_EQ(ipv6_of(asked.frame).source_address(), ip6(link_local("lan")));
    EXPECT_EQ(ipv6_of(asked.frame).hop_limit, 255);
    EXPECT_EQ(target_of(asked.frame), ip6("2001:db8:1::77"));
    EXPECT_EQ(options_of(asked.frame), link_option(1, router().mac_of("lan")));

    EXPECT_TRUE(router()
                    .receives("lan", advertisement("2001:db8:1::77", solicited | overrides,
                                                   link_option(2, other)))
                    .empty());
    const Sent waited = only(router().waits(10ms));
    EXPECT_EQ(waited.frame.ethernet().destination, other);
    EXPECT_EQ(payload_of(waited.frame).size(), 99u);
    EXPECT_EQ(condition("2001:db8:1::77"), NeighbourCondition::reachable);
}

TEST_F(Ipv6Neighbours, ALinkLocalGatewayIsAskedForToo) {
    TestRouter& r =
        router_with({.routes = R"(, { "prefix": "::/0", "via": "fe80::5", "interface": "wan" })"});
    const Sent asked = only(r.receives("lan", ipv6().to("2606::1")));
    EXPECT_EQ(target_of(asked.frame), ip6("fe80::5"));
}

TEST_F(Ipv6Neighbours, WhoDoesNotAnswerIsToldOfToTheSource) {
    REQUIREMENT("RFC 4861 7.2.2", "After three solicitations the source is told: code 3");
    router().knows("wan", "2001:db8:ff::1", gateway);
    ASSERT_EQ(to_unknown("2001:db8:1::77").size(), 1u);
    const auto sent = router().waits(5000ms);
    size_t asked = 0;
    std::vector<Sent> rest;
    for (const Sent& s : sent) {
        if (is_icmp6(s.frame, type::neighbour_solicitation)) {
            ++asked;
        } else {
            rest.push_back(s);
        }
    }
    EXPECT_EQ(asked, 2u);
    EXPECT_TRUE(is_error6(rest, type::unreachable, type::address_unreachable, "2001:db8:ff::2",
                          "2001:db8:9::5"));
    EXPECT_EQ(router().drops(DropReason::neighbour_failed), 1u);
    EXPECT_EQ(condition("2001:db8:1::77"), NeighbourCondition::failed);
}

TEST_F(Ipv6Neighbours, OurAddressesAreAnsweredFor) {
    REQUIREMENT("RFC 4861 7.2.4", "A solicitation for an own address is answered, solicited");
    for (const std::string& own : {std::string("2001:db8:1::1"), link_local("lan")}) {
        const Sent sent = only(router().receives("lan", solicitation(own, link_option(1, other))));
        ASSERT_TRUE(is_icmp6(sent.frame, type::neighbour_advertisement));
        EXPECT_TRUE(checksum6_holds(sent.frame));
        EXPECT_EQ(sent.frame.ethernet().destination, other);
        EXPECT_EQ(ipv6_of(sent.frame).source_address(), ip6(own));
        EXPECT_EQ(ipv6_of(sent.frame).destination_address(), ip6("2001:db8:1::9"));
        EXPECT_EQ(ipv6_of(sent.frame).hop_limit, 255);
        EXPECT_EQ(word_of(sent.frame), 0xe000'0000u);  // router, solicited, override
        EXPECT_EQ(target_of(sent.frame), ip6(own));
        EXPECT_EQ(options_of(sent.frame), link_option(2, router().mac_of("lan")));
    }
}

TEST_F(Ipv6Neighbours, TheAnycastAddressIsAnsweredForWithoutOverride) {
    REQUIREMENT("RFC 4861 7.2.4", "An advertisement of an anycast address does not override");
    const Sent sent =
        only(router().receives("lan", solicitation("2001:db8:1::", link_option(1, other))));
    EXPECT_EQ(word_of(sent.frame), 0xc000'0000u);
    EXPECT_EQ(ipv6_of(sent.frame).source_address(), ip6(link_local("lan")));
}

TEST_F(Ipv6Neighbours, WhoseAddressIsYetToBeTriedIsAnsweredByAllHearing) {
    REQUIREMENT("RFC 4861 7.2.4", "A solicitation from :: is answered to all nodes, not solicited");
    const Sent sent = only(router().receives("lan", solicitation("2001:db8:1::1").from("::")));
    EXPECT_EQ(sent.frame.ethernet().destination, mac("33:33:00:00:00:01"));
    EXPECT_EQ(ipv6_of(sent.frame).destination_address(), net::all_nodes);
    EXPECT_EQ(word_of(sent.frame), 0xa000'0000u);
}

TEST_F(Ipv6Neighbours, OthersAddressesAreNotAnsweredFor) {
    EXPECT_TRUE(router().receives("lan", solicitation("2001:db8:1::50")).empty());
    // Nor those of another interface.
    EXPECT_TRUE(router().receives("lan", solicitation("2001:db8:ff::2").to("ff02::1")).empty());
    EXPECT_EQ(router().all_drops(), 1u);  // of the group of ::50, which is nobody's here
}

TEST_F(Ipv6Neighbours, AskingMakesNoEntry) {
    const uint32_t before = router().neighbours().count();
    for (unsigned n = 0; n < 100; ++n) {
        const std::string asker = "2001:db8:1::1:" + std::to_string(n);
        EXPECT_EQ(
            router()
                .receives("lan",
                          solicitation("2001:db8:1::1", link_option(1, other)).from(asker).build())
                .size(),
            1u);
    }
    EXPECT_EQ(router().neighbours().count(), before);
}

TEST_F(Ipv6Neighbours, WhoMovedIsFollowedAndAskedAgain) {
    REQUIREMENT("RFC 4861 7.2.3", "A source's new link-layer address makes its entry stale");
    ASSERT_EQ(link("2001:db8:1::9").mac(), host);
    (void)router().receives("lan", solicitation("2001:db8:1::1", link_option(1, other)));
    EXPECT_EQ(link("2001:db8:1::9").mac(), other);
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::stale);
    // The next packet goes there, and a probe with it, to that station alone (RFC 4861 7.3.3).
    const auto sent = to_unknown("2001:db8:1::9");
    ASSERT_EQ(sent.size(), 2u);
    for (const Sent& s : sent) EXPECT_EQ(s.frame.ethernet().destination, other);
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::probe);
    (void)router().receives("lan", advertisement("2001:db8:1::9", solicited));
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::reachable);
}

TEST_F(Ipv6Neighbours, AdvertisementsWithoutOverrideChangeNoMac) {
    REQUIREMENT("RFC 4861 7.2.5", "Without override a new address only makes the entry stale");
    (void)router().receives("lan", advertisement("2001:db8:1::9", 0, link_option(2, other)));
    EXPECT_EQ(link("2001:db8:1::9").mac(), host);
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::stale);
    (void)router().receives("lan",
                            advertisement("2001:db8:1::9", overrides, link_option(2, other)));
    EXPECT_EQ(link("2001:db8:1::9").mac(), other);
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::stale);
    (void)router().receives(
        "lan", advertisement("2001:db8:1::9", overrides | solicited, link_option(2, host)));
    EXPECT_EQ(link("2001:db8:1::9").mac(), host);
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::reachable);
}

TEST_F(Ipv6Neighbours, NobodyIsLearntOfWhomNobodyAsked) {
    REQUIREMENT("RFC 4861 7.2.5", "An advertisement of somebody who has no entry is ignored");
    (void)router().receives(
        "lan", advertisement("2001:db8:1::50", overrides | solicited, link_option(2, other)));
    EXPECT_EQ(condition("2001:db8:1::50"), NeighbourCondition::none);
    // And one that says no address completes no entry.
    (void)to_unknown("2001:db8:1::51");
    (void)router().receives("lan", advertisement("2001:db8:1::51", overrides | solicited));
    EXPECT_EQ(condition("2001:db8:1::51"), NeighbourCondition::incomplete);
}

TEST_F(Ipv6Neighbours, MessagesFromBeyondTheLinkAreRefused) {
    REQUIREMENT("RFC 4861 7.1.1", "The hop limit must be 255, so that no router was crossed");
    EXPECT_TRUE(router().receives("lan", solicitation("2001:db8:1::1").hops(254)).empty());
    EXPECT_EQ(router().drops(DropReason::nd_malformed), 1u);
}

TEST_F(Ipv6Neighbours, MalformedMessagesAreRefused) {
    REQUIREMENT("RFC 4861 7.1.1", "Options have a length, and end where the message does");
    REQUIREMENT("RFC 4861 7.1.2", "No advertisement to a group is solicited");
    const Bytes own = bytes_of(ip6("2001:db8:1::1"));
    const std::string us = "2001:db8:1::1";
    const std::vector<Bytes> wrong{
        solicitation(us, Bytes{1, 0, 2, 0, 0, 0, 0, 7}),       // of no length
        solicitation(us, Bytes{1, 2, 2, 0, 0, 0, 0, 7}),       // beyond the end
        solicitation(us, Bytes{1, 1, 2}),                      // cut short
        solicitation(us, link_option(1, net::broadcast_mac)),  // no station
        solicitation(us, link_option(1, {})),
        solicitation(us, link_option(1, other)).from("::"),  // from nobody, but with an address
        solicitation(us).from("::").to("ff02::1"),
        solicitation("ff02::5").to("ff02::1"),  // nobody's
        advertisement("2001:db8:1::9", solicited).to("ff02::1"),
        advertisement("ff02::9", 0).from("2001:db8:1::9"),
        ipv6().to(us).hops(255).icmp6(type::neighbour_solicitation, 0).payload(15),
        ipv6().to(us).hops(255).icmp6(type::neighbour_solicitation, 1).payload(own),
        ipv6()
            .to("ff02::2")
            .from("::")
            .hops(255)
            .icmp6(type::router_solicitation, 0)
            .payload(link_option(1, other)),
    };
    uint64_t refused = 0;
    for (const Bytes& frame : wrong) {
        EXPECT_TRUE(router().receives("lan", frame).empty());
        EXPECT_EQ(router().drops(DropReason::nd_malformed), ++refused);
    }
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::reachable);
    EXPECT_EQ(link("2001:db8:1::9").mac(), host);
}

TEST_F(Ipv6Neighbours, OptionsThatNobodyKnowsArePassedOver) {
    REQUIREMENT("RFC 4861 4.6", "Options that are not known are passed over");
    const Sent sent =
        only(router().receives("lan", solicitation("2001:db8:1::1", Bytes{14, 1, 1, 2, 3, 4, 5, 6} +
                                                                        link_option(1, other))));
    EXPECT_EQ(sent.frame.ethernet().destination, other);
}

TEST_F(Ipv6Neighbours, WhoClaimsOurAddressIsCounted) {
    EXPECT_TRUE(
        router()
            .receives(
                "lan",
                advertisement("2001:db8:1::1", overrides, link_option(2, other)).from("fe80::44"))
            .empty());
    EXPECT_EQ(router().drops(DropReason::nd_own_address), 1u);
}

TEST_F(Ipv6Neighbours, AFloodIsNotHeardToItsEnd) {
    size_t answered = 0;
    for (unsigned n = 0; n < 3000; ++n) {
        answered += router().receives("lan", solicitation("2001:db8:1::1")).size();
    }
    EXPECT_EQ(answered, 2000u);
    EXPECT_EQ(router().drops(DropReason::nd_limited), 1000u);
    // What was asked for is heard all the same.
    ASSERT_EQ(to_unknown("2001:db8:1::77").size(), 1u);
    (void)router().receives(
        "lan", advertisement("2001:db8:1::77", solicited | overrides, link_option(2, other)));
    EXPECT_EQ(condition("2001:db8:1::77"), NeighbourCondition::reachable);
}

TEST_F(Ipv6Neighbours, AScanPushesOutNobodyWhoHasAnswered) {
    TestRouter& r = router_with({.rest = R"(, "arp": { "max_entries": 64 })"});
    for (unsigned n = 0; n < 2000; ++n) {
        (void)to_unknown("2001:db8:1::5:" + std::to_string(n));
    }
    EXPECT_LE(r.neighbours().count(), 64u);
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::reachable);
    EXPECT_EQ(only(to_unknown("2001:db8:1::9")).frame.ethernet().destination, host);
}

TEST_F(Ipv6Neighbours, AreForgottenWhenNobodyTalksToThem) {
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::reachable);
    (void)router().waits(32'000ms);
    EXPECT_EQ(condition("2001:db8:1::9"), NeighbourCondition::stale);
    (void)router().waits(602'000ms);
    EXPECT_EQ(router().neighbours().find(router().neighbour("lan", "2001:db8:1::9")),
              NeighbourTable::none);
}

class Ipv6Advertising : public Ipv6Neighbours {
  protected:
    static constexpr auto advertising = R"(, "router_advertisements": true)";
    void expect_advertisement(const Sent& sent, net::Ipv6Address to, net::MacAddress to_mac) {
        EXPECT_EQ(sent.interface, "lan");
        ASSERT_TRUE(is_icmp6(sent.frame, type::router_advertisement));
        EXPECT_TRUE(checksum6_holds(sent.frame));
        EXPECT_EQ(sent.frame.ethernet().destination, to_mac);
        EXPECT_EQ(ipv6_of(sent.frame).destination_address(), to);
        EXPECT_EQ(ipv6_of(sent.frame).source_address(), ip6(link_local("lan")));
        EXPECT_EQ(ipv6_of(sent.frame).hop_limit, 255);
        EXPECT_EQ(word_of(sent.frame), 64u << 24 | 1800);
        const Bytes message = payload_of(sent.frame);
        ASSERT_EQ(message.size(), 16u + 8 + 8 + 32);
        EXPECT_EQ(Bytes(message.begin() + 16, message.begin() + 24),
                  link_option(1, router().mac_of("lan")));
        EXPECT_EQ(Bytes(message.begin() + 24, message.begin() + 32),
                  (Bytes{5, 1, 0, 0, 0, 0, 1500 >> 8, 1500 & 0xff}));
        // RFC 4861 4.6.2: on-link and autonomous, for 30 and 7 days.
        EXPECT_EQ(Bytes(message.begin() + 32, message.begin() + 44),
                  (Bytes{3, 4, 64, 0xc0, 0x00, 0x27, 0x8d, 0x00, 0x00, 0x09, 0x3a, 0x80}));
        EXPECT_EQ(Bytes(message.begin() + 48, message.end()), bytes_of(ip6("2001:db8:1::")));
    }
};

TEST_F(Ipv6Advertising, TellsHostsOfTheRouterAndTheirNetwork) {
    REQUIREMENT("RFC 4861 6.2.3", "An advertisement says lifetime, hop limit, prefixes and MTU");
    TestRouter& r = router_with({.lan = advertising});
    const auto sent = r.does([&](Context& c) { nd::advertise_to_all(c, r.id_of("lan")); });
    expect_advertisement(only(sent), net::all_nodes, mac("33:33:00:00:00:01"));
    EXPECT_EQ(r.tally(layout::Tally::router_advertisements_sent), 1u);
}

TEST_F(Ipv6Advertising, AnswersWhoAsks) {
    REQUIREMENT("RFC 4861 6.2.6", "A router solicitation is answered");
    TestRouter& r = router_with({.lan = advertising});
    const auto asking = ipv6().to("ff02::2").hops(255).icmp6(type::router_solicitation, 0);
    expect_advertisement(
        only(
            r.receives("lan", Ipv6Builder(asking).from("fe80::44").payload(link_option(1, other)))),
        ip6("fe80::44"), other);
    expect_advertisement(only(r.receives("lan", Ipv6Builder(asking).from("::").payload(0))),
                         net::all_nodes, host);
}

TEST_F(Ipv6Advertising, IsSilentWhereItWasNotAskedFor) {
    const auto asking =
        ipv6().to("ff02::2").hops(255).icmp6(type::router_solicitation, 0).payload(0);
    EXPECT_TRUE(router().receives("lan", asking).empty());
    EXPECT_TRUE(
        router().does([&](Context& c) { nd::advertise_to_all(c, router().id_of("lan")); }).empty());
    EXPECT_TRUE(
        router()
            .receives("lan", ipv6().to("ff02::1").hops(255).icmp6(type::router_advertisement, 0))
            .empty());
    EXPECT_EQ(router().drops(DropReason::icmp_not_answered), 1u);
}

}  // namespace
}  // namespace sluice::test
