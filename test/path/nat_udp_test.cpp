// SPDX-License-Identifier: BSD-3-Clause
// UDP through the NAT, as RFC 4787 wants it.
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

class NatUdp : public NatBothWays {
  protected:
    static Ipv4Builder out(const char* from, uint16_t port, const char* to = remote,
                           uint16_t to_port = 53) {
        return ipv4().from(from).to(to).udp(port, to_port).payload(20);
    }
    static Ipv4Builder in(const char* from, uint16_t port, uint16_t to_port,
                          const char* to = outside) {
        return ipv4().from(from).to(to).udp(port, to_port).payload(20);
    }
    // The external port that a flow gets.
    static uint16_t opens(Network& net, uint16_t port, const char* from = inside,
                          const char* to = remote) {
        return source_port(only(net.router.receives("lan", out(from, port, to))));
    }
    static bool gets_in(Network& net, const Ipv4Builder& packet) {
        const auto sent = net.router.receives("wan", packet);
        return sent.size() == 1 && sent[0].interface == "lan";
    }
};
TEST_BOTH_WAYS(NatUdp);

TEST_P(NatUdp, AnEndpointInsideIsAtOneEndpointOutsideWhomeverItTalksTo) {
    REQUIREMENT("RFC 4787 REQ-1", "Mappings are endpoint-independent");
    const auto net = with_source_rule();
    const uint16_t port = opens(*net, 5000);
    EXPECT_EQ(opens(*net, 5000, inside, "192.0.2.2"), port);
    EXPECT_EQ(source_port(only(net->router.receives("lan", out(inside, 5000, remote, 99)))), port);
    EXPECT_NE(opens(*net, 5001), port);
}

TEST_P(NatUdp, AHostKeepsToOneAddressOfThePool) {
    REQUIREMENT("RFC 4787 REQ-2", "All mappings of a host are at one external address");
    const auto net = with_rules(source_rule("", "203.0.113.8-203.0.113.15"));
    std::set<std::string> addresses;
    for (uint16_t port = 5000; port < 5032; ++port) {
        addresses.insert(source_of(only(net->router.receives("lan", out(inside, port)))));
    }
    EXPECT_EQ(addresses.size(), 1u);
}

TEST_P(NatUdp, TwoHostsNeverShareAPort) {
    REQUIREMENT("RFC 4787 REQ-3", "No two endpoints inside have one endpoint outside");
    const auto net = with_source_rule(R"(, "ports": "6000-6063", "parity": false)");
    std::set<uint16_t> ports;
    for (uint16_t port = 1; port <= 32; ++port) {
        ports.insert(opens(*net, port, inside));
        ports.insert(opens(*net, port, neighbour));
    }
    EXPECT_EQ(ports.size(), 64u);
    EXPECT_EQ(*ports.begin(), 6000);
    EXPECT_EQ(*ports.rbegin(), 6063);
}

TEST_P(NatUdp, AWellKnownPortStaysOneAndAnyOtherIsNone) {
    REQUIREMENT("RFC 4787 REQ-3a", "Ports below 1024 stay below, and others above");
    const auto net = with_source_rule(R"(, "ports": "1-65535")");
    for (uint16_t i = 0; i < 32; ++i) {
        EXPECT_LT(opens(*net, static_cast<uint16_t>(500 + i)), 1024);
        EXPECT_GE(opens(*net, static_cast<uint16_t>(5000 + i)), 1024);
    }
}

TEST_P(NatUdp, AnEvenPortStaysEvenAndAnOddOneOdd) {
    REQUIREMENT("RFC 4787 REQ-4", "A port keeps its parity");
    const auto net = with_source_rule();
    for (uint16_t port = 5000; port < 5032; ++port) EXPECT_EQ(opens(*net, port) % 2, port % 2);
}

TEST_P(NatUdp, AMappingLastsFiveMinutesAndNoLonger) {
    REQUIREMENT("RFC 4787 REQ-5", "A mapping lives at least two minutes idle, five by default");
    const auto net = with_source_rule();
    const uint16_t port = opens(*net, 5000);
    let_pass(*net, 298s);
    EXPECT_TRUE(gets_in(*net, in(remote, 53, port)));
    let_pass(*net, 6s);
    EXPECT_FALSE(gets_in(*net, in(remote, 53, port)));
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 1);
}

TEST_P(NatUdp, WhatLeavesKeepsTheMappingAlive) {
    REQUIREMENT("RFC 4787 REQ-6", "A packet from inside refreshes the mapping");
    const auto net = with_source_rule();
    const uint16_t port = opens(*net, 5000);
    for (unsigned i = 0; i < 4; ++i) {
        let_pass(*net, 200s);
        EXPECT_EQ(opens(*net, 5000), port);
    }
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 1);
}

TEST_P(NatUdp, WhatComesInDoesNotKeepTheMappingAlive) {
    REQUIREMENT("RFC 4787 REQ-6", "A packet from outside refreshes only where the rule says so");
    const auto net = with_source_rule();
    const auto refreshing = with_source_rule(R"(, "inbound_refresh": true)");
    const uint16_t port = opens(*net, 5000), port_of_refreshing = opens(*refreshing, 5000);
    for (unsigned i = 0; i < 2; ++i) {
        let_pass(*net, 140s);
        let_pass(*refreshing, 140s);
        EXPECT_TRUE(gets_in(*net, in(remote, 53, port)));
        EXPECT_TRUE(gets_in(*refreshing, in(remote, 53, port_of_refreshing)));
    }
    let_pass(*net, 30s);
    let_pass(*refreshing, 30s);
    EXPECT_FALSE(gets_in(*net, in(remote, 53, port)));
    EXPECT_TRUE(gets_in(*refreshing, in(remote, 53, port_of_refreshing)));
}

struct Filter {
    const char* name;
    bool lets_in_same, lets_in_other_port, lets_in_other_host;
};

TEST_P(NatUdp, AFilterLetsInWhomItsNameSays) {
    REQUIREMENT("RFC 4787 REQ-8", "Filtering by endpoint, by address and port, or not at all");
    for (const Filter& f : {Filter{"endpoint-independent", true, true, true},
                            Filter{"address-dependent", true, true, false},
                            Filter{"address-and-port-dependent", true, false, false}}) {
        const auto net = with_source_rule(R"(, "filtering": ")" + std::string(f.name) + R"(")");
        const uint16_t port = opens(*net, 5000);
        EXPECT_EQ(gets_in(*net, in(remote, 53, port)), f.lets_in_same) << f.name;
        EXPECT_EQ(gets_in(*net, in(remote, 99, port)), f.lets_in_other_port) << f.name;
        EXPECT_EQ(gets_in(*net, in("192.0.2.2", 53, port)), f.lets_in_other_host) << f.name;
    }
}

TEST_P(NatUdp, TwoHostsInsideMeetByTheirEndpointsOutside) {
    REQUIREMENT("RFC 4787 REQ-9", "A hairpinned packet has the external source address and port");
    const auto net = with_source_rule(R"(, "filtering": "endpoint-independent")");
    const uint16_t ours = opens(*net, 5000), theirs = opens(*net, 7000, neighbour);
    const Sent there = only(net->router.receives("lan", out(inside, 5000, outside, theirs)));
    EXPECT_EQ(flow_of(there), at_port("lan 203.0.113.2", ours, " > 10.0.0.8:7000"));
    const Sent back = only(net->router.receives("lan", out(neighbour, 7000, outside, ours)));
    EXPECT_EQ(flow_of(back), at_port("lan 203.0.113.2", theirs, " > 10.0.0.9:5000"));
    EXPECT_GE(net->router.tally(layout::Tally::nat_hairpinned), 1);
}

TEST_P(NatUdp, AnErrorDoesNotEndTheMapping) {
    REQUIREMENT("RFC 4787 REQ-12", "An ICMP error does not end a mapping");
    const auto net = with_source_rule();
    const Sent sent = only(net->router.receives("lan", out(inside, 5000)));
    for (uint8_t code = 0; code < 16; ++code) {
        only(net->router.receives("wan", ipv4().from(remote).to(outside).icmp(3, code).payload(
                                             packet_in(sent.frame.bytes()))));
    }
    EXPECT_TRUE(gets_in(*net, in(remote, 53, source_port(sent))));
    EXPECT_EQ(opens(*net, 5000), source_port(sent));
}

TEST_P(NatUdp, WhatIsTooLargeOutsideIsToldToItsSenderInItsOwnWords) {
    REQUIREMENT("RFC 4787 REQ-13", "With DF set, what is too large after translation draws 3/4");
    const auto net = with_rules(source_rule(), Wishes{.wan = R"(, "mtu": 600)"});
    opens(*net, 5000);
    const Bytes large =
        ipv4().from(inside).to(remote).udp(5000, 53).payload(800).dont_fragment().build();
    const auto told = net->router.receives("lan", large);
    EXPECT_TRUE(is_error(told, 3, 4, "10.0.0.1", inside));
    const Bytes quoted = told.at(0).frame.quoted(), sent = packet_in(large);
    ASSERT_GE(quoted.size(), 28u);
    EXPECT_EQ(Bytes(quoted.begin() + 12, quoted.begin() + 24),
              Bytes(sent.begin() + 12, sent.begin() + 24));
    EXPECT_EQ(word_at(quoted, 26), word_at(sent, 26)) << "the checksum of UDP";
}

TEST_P(NatUdp, WhatIsTooLargeInsideIsToldTheRemoteInItsOwnWords) {
    REQUIREMENT("RFC 4787 REQ-13", "With DF set, what is too large after translation draws 3/4");
    const auto net = with_rules(source_rule(), Wishes{.lan = R"(, "mtu": 600)"});
    const uint16_t port = opens(*net, 5000);
    const Bytes large =
        ipv4().from(remote).to(outside).udp(53, port).payload(800).dont_fragment().build();
    const auto told = net->router.receives("wan", large);
    EXPECT_TRUE(is_error(told, 3, 4, outside, remote));
    const Bytes quoted = told.at(0).frame.quoted(), sent = packet_in(large);
    ASSERT_GE(quoted.size(), 28u);
    EXPECT_EQ(Bytes(quoted.begin() + 12, quoted.begin() + 24),
              Bytes(sent.begin() + 12, sent.begin() + 24));
}

TEST_P(NatUdp, FragmentsFollowTheFirstInWhateverOrderTheyCome) {
    REQUIREMENT("RFC 4787 REQ-14", "Fragments are translated in order and out of order");
    const Bytes parts[] = {
        ipv4().from(inside).to(remote).id(7).udp(5000, 53).payload(16).fragment(0, true).build(),
        ipv4().from(inside).to(remote).id(7).protocol(17).payload(24).fragment(24, true).build(),
        ipv4().from(inside).to(remote).id(7).protocol(17).payload(5).fragment(48, false).build()};
    std::array<unsigned, 3> order{0, 1, 2};
    do {
        const auto net = with_source_rule();
        std::vector<Sent> sent;
        for (const unsigned i : order) {
            for (Sent& s : net->router.receives("lan", parts[i])) sent.push_back(std::move(s));
        }
        for (Sent& s : net->router.waits(200ms)) sent.push_back(std::move(s));
        ASSERT_EQ(sent.size(), 3u) << order[0] << order[1] << order[2];
        for (const Sent& s : sent) {
            EXPECT_EQ(s.interface + " " + source_of(s), "wan 203.0.113.2");
            EXPECT_TRUE(s.frame.checksums_hold());
        }
    } while (std::ranges::next_permutation(order).found);
}

TEST_P(NatUdp, FragmentsComeBackInWhateverOrder) {
    REQUIREMENT("RFC 4787 REQ-14", "Fragments are translated in order and out of order");
    const auto net = with_source_rule();
    const uint16_t port = opens(*net, 5000);
    const auto rest =
        ipv4().from(remote).to(outside).id(9).protocol(17).payload(8).fragment(24, false);
    EXPECT_TRUE(net->router.receives("wan", rest).empty());
    net->router.receives(
        "wan", ipv4().from(remote).to(outside).id(9).udp(53, port).payload(16).fragment(0, true));
    EXPECT_EQ(destination_of(only(net->router.waits(200ms))), inside);
}

TEST_P(NatUdp, NoChecksumStaysNoChecksum) {
    REQUIREMENT("RFC 3022 4.1", "A UDP checksum of 0 says that there is none, and stays");
    const auto net = with_source_rule();
    const Sent sent = only(net->router.receives("lan", out(inside, 5000).no_transport_checksum()));
    EXPECT_EQ(word_at(sent.frame.ip_payload(), 6), 0);
    const Sent back = only(
        net->router.receives("wan", in(remote, 53, source_port(sent)).no_transport_checksum()));
    EXPECT_EQ(word_at(back.frame.ip_payload(), 6), 0);
}

}  // namespace
}  // namespace sluice::test
