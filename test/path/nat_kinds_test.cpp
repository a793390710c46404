// SPDX-License-Identifier: BSD-3-Clause
// The kinds of rules: what each does to a flow of either direction, and which of them decides.
#include <map>

#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

class NatKinds : public NatBothWays {
  protected:
    // What becomes of a packet.
    static std::string lan(Network& net, const Ipv4Builder& packet) {
        return flow_of(only(net.router.receives("lan", packet)));
    }
    static std::string wan(Network& net, const Ipv4Builder& packet) {
        return flow_of(only(net.router.receives("wan", packet)));
    }
    static std::string forward(const std::string& members) {
        return R"({"name": "forward", "type": "forward", "in": "wan", )" + members + "}";
    }
    static std::string fixed(const std::string& external, const std::string& internal) {
        return R"({"name": "fixed", "type": "static", "in": "wan", "out": "wan", "external": ")" +
               external + R"(", "internal": ")" + internal + R"("})";
    }
    static std::string dynamic_of_two() {
        return R"({"name": "d", "type": "dynamic", "out": "wan", "from": "10.0.0.0/24",
                   "to": "203.0.113.64-203.0.113.65"})";
    }
};
TEST_BOTH_WAYS(NatKinds);

TEST_P(NatKinds, AStaticHostIsReachedFromOutside) {
    REQUIREMENT("RFC 3022 2.1", "An address stands for another, both ways, ports as they are");
    const auto net = with_rules(fixed("203.0.113.9", inside));
    EXPECT_EQ(wan(*net, ipv4().from(remote).to("203.0.113.9").tcp(4000, 80, syn)),
              "lan 192.0.2.1:4000 > 10.0.0.9:80");
    EXPECT_EQ(lan(*net, ipv4().to(remote).tcp(80, 4000, syn | ack)),
              "wan 203.0.113.9:80 > 192.0.2.1:4000");
}

TEST_P(NatKinds, AStaticHostLeavesAsItsAddress) {
    REQUIREMENT("RFC 3022 2.1", "An address stands for another, both ways, ports as they are");
    const auto net = with_rules(fixed("203.0.113.9", inside));
    EXPECT_EQ(lan(*net, ipv4().to(remote).udp(5000, 53)), "wan 203.0.113.9:5000 > 192.0.2.1:53");
    EXPECT_EQ(wan(*net, ipv4().from(remote).to("203.0.113.9").udp(53, 5000)),
              "lan 192.0.2.1:53 > 10.0.0.9:5000");
}

TEST_P(NatKinds, AStaticPrefixStandsForOneAsLong) {
    const auto net = with_rules(fixed("203.0.113.72/30", "10.0.0.8/30"));
    EXPECT_EQ(lan(*net, ipv4().from(inside).to(remote).udp(1, 2)),
              "wan 203.0.113.73:1 > 192.0.2.1:2");
    EXPECT_EQ(wan(*net, ipv4().from(remote).to("203.0.113.72").udp(3, 4)),
              "lan 192.0.2.1:3 > 10.0.0.8:4");
    EXPECT_EQ(lan(*net, ipv4().from("10.0.0.77").to(remote).udp(1, 2)),
              "wan 10.0.0.77:1 > 192.0.2.1:2");
}

TEST_P(NatKinds, AStaticRuleTranslatesProtocolsWithoutPorts) {
    const auto net = with_rules(fixed("203.0.113.9", inside));
    const Sent out = only(net->router.receives("lan", ipv4().to(remote).protocol(gre)));
    EXPECT_EQ(source_of(out), "203.0.113.9");
    const Sent back =
        only(net->router.receives("wan", ipv4().from(remote).to("203.0.113.9").protocol(gre)));
    EXPECT_EQ(destination_of(back), inside);
    EXPECT_EQ(back.frame.ip_payload(), out.frame.ip_payload());
}

TEST_P(NatKinds, ADynamicRuleGivesEachHostAnAddressAndLeavesPortsAlone) {
    REQUIREMENT("RFC 3022 2.1", "A host has a whole address of the pool while it has sessions");
    const auto net = with_rules(dynamic_of_two());
    std::set<std::string> addresses;
    for (const char* host : {inside, neighbour}) {
        const Sent one = only(net->router.receives("lan", ipv4().from(host).udp(5000, 53)));
        const Sent two = only(net->router.receives("lan", ipv4().from(host).tcp(1, 80, syn)));
        EXPECT_EQ(source_port(one), 5000);
        EXPECT_EQ(source_port(two), 1);
        EXPECT_EQ(source_of(one), source_of(two));
        addresses.insert(source_of(one));
        EXPECT_EQ(wan(*net, ipv4().from(remote).to(source_of(one)).udp(53, 5000)),
                  std::string("lan 192.0.2.1:53 > ") + host + ":5000");
    }
    EXPECT_EQ(addresses, (std::set<std::string>{"203.0.113.64", "203.0.113.65"}));
    net->router.receives("lan", ipv4().from("10.0.0.7").udp(5000, 53));
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 1);
}

TEST_P(NatKinds, AForwardLeadsAPortToAHostInside) {
    const auto net = with_rules(forward(R"("protocol": "tcp", "port": 80, "to": "10.0.0.9:8080")"));
    EXPECT_EQ(wan(*net, ipv4().from(remote).to(outside).tcp(4000, 80, syn)),
              "lan 192.0.2.1:4000 > 10.0.0.9:8080");
    EXPECT_EQ(lan(*net, ipv4().to(remote).tcp(8080, 4000, syn | ack)),
              "wan 203.0.113.2:80 > 192.0.2.1:4000");
}

TEST_P(NatKinds, AForwardOfARangeKeepsThePlaceInTheRange) {
    const auto same =
        with_rules(forward(R"("protocol": "udp", "port": "27000-27015", "to": "10.0.0.9")"));
    const auto moved =
        with_rules(forward(R"("protocol": "udp", "port": "27000-27015", "to": "10.0.0.9:500")"));
    for (uint16_t i = 0; i < 16; ++i) {
        const auto packet =
            ipv4().from(remote).to(outside).udp(4000, static_cast<uint16_t>(27000 + i));
        EXPECT_EQ(wan(*same, packet),
                  at_port("lan 192.0.2.1:4000 > 10.0.0.9", static_cast<uint16_t>(27000 + i), ""));
        EXPECT_EQ(wan(*moved, packet),
                  at_port("lan 192.0.2.1:4000 > 10.0.0.9", static_cast<uint16_t>(500 + i), ""));
    }
}

TEST_P(NatKinds, AForwardSharesClientsOutByWeightAndAClientStaysWithItsHost) {
    const auto net = with_rules(forward(R"("protocol": "tcp", "port": 80,
        "to": ["10.0.0.9:80", {"address": "10.0.0.8:80", "weight": 3}])"));
    std::map<std::string, unsigned> clients;
    for (unsigned i = 0; i < 400; ++i) {
        const std::string client =
            "192.0." + std::to_string(i / 200) + "." + std::to_string(1 + i % 200);
        const auto host_of = [&](uint16_t port) {
            return destination_of(only(
                net->router.receives("wan", ipv4().from(client).to(outside).tcp(port, 80, syn))));
        };
        const std::string host = host_of(1000);
        EXPECT_EQ(host_of(1001), host);
        ++clients[host];
    }
    EXPECT_NEAR(clients["10.0.0.9"], 100, 40);
    EXPECT_NEAR(clients["10.0.0.8"], 300, 40);
}

TEST_P(NatKinds, ATwiceTranslatedClientLooksLikeTheRouter) {
    REQUIREMENT("RFC 2663 4.3", "Twice NAT: source and destination both become others");
    const auto net =
        with_rules(forward(R"("protocol": "udp", "port": 53, "to": "10.0.0.9", "out": "lan",
                   "source": "interface")"));
    const Sent in =
        only(net->router.receives("wan", ipv4().from(remote).to(outside).udp(4000, 53)));
    const uint16_t port = source_port(in);
    EXPECT_EQ(flow_of(in), at_port("lan 10.0.0.1", port, " > 10.0.0.9:53"));
    EXPECT_EQ(lan(*net, ipv4().to("10.0.0.1").udp(53, port)),
              "wan 203.0.113.2:53 > 192.0.2.1:4000");
}

TEST_P(NatKinds, WhatIsExemptLeavesAsItIs) {
    REQUIREMENT("RFC 6888 REQ-6", "Destinations may be reached without translation");
    const auto net = with_rules(
        R"({"name": "e", "type": "exempt", "from": "10.0.0.0/24", "destination": "192.0.2.0/24"},)" +
        source_rule());
    EXPECT_EQ(lan(*net, ipv4().to(remote).udp(5000, 53)), "wan 10.0.0.9:5000 > 192.0.2.1:53");
    EXPECT_EQ(source_of(only(net->router.receives("lan", ipv4().to("192.0.3.1").udp(1, 2)))),
              outside);
}

TEST_P(NatKinds, WhatIsExemptAnswersFromItsStaticAddressWhoeverSpeaksToThat) {
    const auto net = with_rules(
        R"({"name": "e", "type": "exempt", "from": "10.0.0.9", "destination": "192.0.2.0/24"},
           {"name": "s", "type": "static", "external": "203.0.113.9", "internal": "10.0.0.9"})");
    EXPECT_EQ(lan(*net, ipv4().to(remote).udp(5000, 53)), "wan 10.0.0.9:5000 > 192.0.2.1:53");
    EXPECT_EQ(flow_of(only(net->router.receives(
                  "wan", ipv4().from(remote).to("203.0.113.9").udp(53, 5000)))),
              "lan 192.0.2.1:53 > 10.0.0.9:5000");
    EXPECT_EQ(lan(*net, ipv4().to(remote).udp(5000, 53)), "wan 203.0.113.9:5000 > 192.0.2.1:53")
        << "the same ports, so it may be the answer";
    EXPECT_EQ(lan(*net, ipv4().to(remote).udp(5001, 53)), "wan 10.0.0.9:5001 > 192.0.2.1:53");
}

TEST_P(NatKinds, TheFirstRuleThatMatchesDecides) {
    const std::string host = R"({"name": "host", "type": "source", "out": "wan",
                                 "from": "10.0.0.9", "to": "203.0.113.20"})";
    const auto source_with = [&](const std::string& rules) {
        const auto net = with_rules(rules);
        return source_of(only(net->router.receives("lan", ipv4().udp(5000, 53))));
    };
    EXPECT_EQ(source_with(host + "," + source_rule()), "203.0.113.20");
    EXPECT_EQ(source_with(source_rule() + "," + host), outside);
}

TEST_P(NatKinds, ARuleMayBeForOneProtocol) {
    const auto net = with_source_rule(R"(, "protocol": "udp")");
    EXPECT_EQ(source_of(only(net->router.receives("lan", ipv4().udp(5000, 53)))), outside);
    EXPECT_EQ(source_of(only(net->router.receives("lan", ipv4().tcp(5000, 53, syn)))), inside);
}

TEST_P(NatKinds, APoolMayBeOfAddressesApart) {
    REQUIREMENT("RFC 6888 REQ-3", "Pools may be of addresses that do not follow on each other");
    const auto net = with_rules(R"({"name": "p", "type": "source", "out": "wan",
        "from": "10.0.0.0/16", "to": ["203.0.113.20", "203.0.113.40-203.0.113.41",
                                      "198.51.100.7"]})");
    std::set<std::string> used;
    for (unsigned host = 2; host < 100; ++host) {
        used.insert(source_of(only(net->router.receives(
            "lan", ipv4().from("10.0.0." + std::to_string(host)).udp(5000, 53)))));
    }
    EXPECT_EQ(used, (std::set<std::string>{"203.0.113.20", "203.0.113.40", "203.0.113.41",
                                           "198.51.100.7"}));
}

TEST_P(NatKinds, APortRestsAfterUse) {
    REQUIREMENT("RFC 6888 REQ-8", "A port is not given out again within 120 seconds after use");
    const auto net = with_source_rule(R"(, "ports": "6000-6000")");
    EXPECT_EQ(lan(*net, ipv4().udp(5000, 53)), "wan 203.0.113.2:6000 > 192.0.2.1:53");
    let_pass(*net, 302s);
    ASSERT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 1);
    let_pass(*net, 115s);
    const auto theirs = ipv4().from(neighbour).udp(7000, 53);
    net->router.receives("lan", theirs);
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 1);
    let_pass(*net, 10s);
    EXPECT_EQ(lan(*net, theirs), "wan 203.0.113.2:6000 > 192.0.2.1:53");
}

TEST_P(NatKinds, AHostInsideReachesAForwardByItsAddressOutside) {
    REQUIREMENT("RFC 4787 REQ-9", "A forward is reached from inside by its external address");
    const auto net = with_rules(forward(R"("protocol": "tcp", "port": 80, "to": "10.0.0.8:8080")") +
                                "," + source_rule());
    const Sent there = only(net->router.receives("lan", ipv4().to(outside).tcp(4000, 80, syn)));
    const uint16_t port = source_port(there);
    EXPECT_EQ(flow_of(there), at_port("lan 203.0.113.2", port, " > 10.0.0.8:8080"));
    EXPECT_EQ(lan(*net, ipv4().from(neighbour).to(outside).tcp(8080, port, syn | ack)),
              "lan 203.0.113.2:80 > 10.0.0.9:4000");
    EXPECT_EQ(net->router.tally(layout::Tally::nat_hairpinned), 1);
}

TEST_P(NatKinds, AHostsEndpointOutsideSurvivesTheDataplane) {
    const auto net = with_source_rule();
    const auto packet = ipv4().to(remote).udp(5000, 53);
    const std::string before = lan(*net, packet);
    const uint16_t port = source_port(only(net->router.receives("lan", packet)));
    net->router.restart_nat();
    EXPECT_EQ(wan(*net, ipv4().from(remote).to(outside).udp(53, port)),
              "lan 192.0.2.1:53 > 10.0.0.9:5000");
    EXPECT_EQ(lan(*net, packet), before);
    EXPECT_EQ(lan(*net, ipv4().to("192.0.2.2").udp(5000, 53)),
              at_port("wan 203.0.113.2", port, " > 192.0.2.2:53"))
        << "by the mapping, of which there is a session";
}

TEST_P(NatKinds, AHostsWholeAddressSurvivesTheDataplane) {
    const auto net = with_rules(dynamic_of_two());
    const std::string ours = lan(*net, ipv4().udp(5000, 53));
    const std::string theirs = lan(*net, ipv4().from(neighbour).udp(5000, 53));
    net->router.restart_nat();
    EXPECT_EQ(lan(*net, ipv4().from(neighbour).udp(5000, 53)), theirs);
    EXPECT_EQ(lan(*net, ipv4().udp(5000, 53)), ours);
    net->router.receives("lan", ipv4().from("10.0.0.7").udp(5000, 53));
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 1) << "both are still taken";
}

}  // namespace
}  // namespace sluice::test
