// SPDX-License-Identifier: BSD-3-Clause
// What RFC 6888 and RFC 7857 ask beyond the basic requirements, and changes under load.
#include <set>

#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

class NatCarrier : public NatBothWays {
  protected:
    static std::string lan(Network& net, const Ipv4Builder& packet) {
        return flow_of(only(net.router.receives("lan", packet)));
    }
    static bool gets_in(Network& net, const Ipv4Builder& packet) {
        const auto sent = net.router.receives("wan", packet);
        return sent.size() == 1 && sent[0].interface == "lan";
    }
    static uint64_t ended(Network& net) {
        return net.router.tally(layout::Tally::nat_sessions_ended);
    }
    // Of 10.0.0.9:4000 to the remote's port 80; its port outside.
    static uint16_t establish(Network& net) {
        const auto segment = [](uint8_t flags) { return ipv4().to(remote).tcp(4000, 80, flags); };
        const uint16_t port = source_port(only(net.router.receives("lan", segment(syn))));
        EXPECT_TRUE(gets_in(net, ipv4().from(remote).to(outside).tcp(80, port, syn | ack)));
        lan(net, segment(ack));
        return port;
    }
};
TEST_BOTH_WAYS(NatCarrier);

TEST_P(NatCarrier, SessionsOfOneSubscriberDoNotTakeAnothersRoom) {
    REQUIREMENT("RFC 6888 REQ-5", "The state that a subscriber may hold is limited");
    const auto net =
        with_source_rule(R"(, "sessions_per_subscriber": 50)", R"(, "sessions": {"max": 64})");
    for (uint16_t port = 5000; port < 5100; ++port) {
        net->router.receives("lan", ipv4().udp(port, 53));
    }
    EXPECT_EQ(net->router.drops(DropReason::nat_subscriber_limit), 50);
    EXPECT_EQ(net->router.drops(DropReason::nat_table_full), 0);
    lan(*net, ipv4().from(neighbour).udp(5000, 53));
}

TEST_P(NatCarrier, AnybodyMaySendToAMappingThatFiltersNobody) {
    REQUIREMENT("RFC 6888 REQ-7", "Filtering can be endpoint-independent");
    const auto net = with_source_rule(R"(, "filtering": "endpoint-independent")");
    const uint16_t port = source_port(only(net->router.receives("lan", ipv4().udp(5000, 53))));
    EXPECT_TRUE(gets_in(*net, ipv4().from("192.0.2.77").to(outside).udp(9, port)));
}

TEST_P(NatCarrier, EveryPortOfARangeIsUsedBeforeAFlowIsRefused) {
    REQUIREMENT("RFC 6888 REQ-13", "All ports are used before a flow is refused");
    const auto net = with_source_rule(R"(, "ports": "2000-2255")");
    std::set<uint16_t> ports;
    for (uint16_t port = 5000; port < 5256; ++port) {
        ports.insert(source_port(only(net->router.receives("lan", ipv4().udp(port, 53)))));
    }
    EXPECT_EQ(ports.size(), 256);
    EXPECT_EQ(*ports.begin(), 2000);
    EXPECT_EQ(*ports.rbegin(), 2255);
    net->router.receives("lan", ipv4().udp(5256, 53));
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 1);
}

TEST_P(NatCarrier, NoSessionMakesRoomForAnother) {
    REQUIREMENT("RFC 6888 REQ-11", "Mappings that exist are never deleted to make room");
    const auto net = with_source_rule(R"(, "ports": "2000-2000")");
    const std::string first = lan(*net, ipv4().to(remote).udp(5000, 53));
    net->router.receives("lan", ipv4().from(neighbour).udp(5000, 53));
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 1);
    EXPECT_EQ(lan(*net, ipv4().to(remote).udp(5000, 53)), first);
    EXPECT_EQ(ended(*net), 0);
}

TEST_P(NatCarrier, APortServesManyHostsWhereTheRemotesDiffer) {
    REQUIREMENT("RFC 7857 3", "One external port may be used towards different remotes");
    const auto net = with_source_rule(R"(, "ports": "2000-2000", "mapping": "endpoint-dependent")");
    EXPECT_EQ(lan(*net, ipv4().to("192.0.2.1").udp(5000, 53)),
              "wan 203.0.113.2:2000 > 192.0.2.1:53");
    EXPECT_EQ(lan(*net, ipv4().from(neighbour).to("192.0.2.2").udp(5000, 53)),
              "wan 203.0.113.2:2000 > 192.0.2.2:53");
}

TEST_P(NatCarrier, AHostIsRefusedRatherThanPairedWithAnotherAddress) {
    REQUIREMENT("RFC 7857 4", "A host whose address is out of ports gets no other");
    const std::string pool = R"("203.0.113.64-203.0.113.65", "ports": "2000-2003")";
    for (const bool paired : {true, false}) {
        const auto net =
            with_rules(R"({"type": "source", "out": "wan", "from": "10.0.0.0/24", "to": )" + pool +
                       (paired ? "}" : R"(, "pooling": "arbitrary"})"));
        for (uint16_t port = 5000; port < 5008; ++port) {
            net->router.receives("lan", ipv4().udp(port, 53));
        }
        EXPECT_EQ(net->router.drops(DropReason::nat_no_port), paired ? 4 : 0);
    }
}

TEST_P(NatCarrier, AProtocolHasMappingsAndFiltersOfItsOwn) {
    REQUIREMENT("RFC 7857 5, 6", "Mappings and filters are of one protocol");
    const auto net = with_source_rule(R"(, "filtering": "endpoint-independent")");
    const uint16_t udp = source_port(only(net->router.receives("lan", ipv4().udp(5000, 53))));
    EXPECT_FALSE(gets_in(*net, ipv4().from(remote).to(outside).tcp(80, udp, syn)));
    EXPECT_TRUE(gets_in(*net, ipv4().from("192.0.2.7").to(outside).udp(80, udp)));
}

TEST_P(NatCarrier, WhatComesInToAnOpenMappingKeepsItOnlyWhereTheRuleSaysSo) {
    REQUIREMENT("RFC 7857 7", "Whether inbound packets refresh a mapping is the operator's choice");
    for (const bool refreshes : {false, true}) {
        const auto net = with_source_rule(std::string(R"(, "filtering": "endpoint-independent")") +
                                          (refreshes ? R"(, "inbound_refresh": true)" : ""));
        const uint16_t port =
            source_port(only(net->router.receives("lan", ipv4().to(remote).udp(5000, 53))));
        const auto answer = ipv4().from(remote).to(outside).udp(53, port);
        for (unsigned i = 0; i < 2; ++i) {
            let_pass(*net, 200s);
            EXPECT_EQ(gets_in(*net, answer), refreshes || i == 0);
        }
    }
}

TEST_P(NatCarrier, ResetsAndErrorsThatAnswerKeepNothingAlive) {
    REQUIREMENT("RFC 7857 7.1", "Outbound RSTs and ICMP errors do not refresh a mapping");
    const auto net = with_source_rule();
    establish(*net);
    const auto reset = ipv4().to(remote).tcp(4000, 80, rst);
    for (unsigned i = 0; i < 3; ++i) {
        net->router.receives("lan", reset);
        let_pass(*net, 100s);
    }
    EXPECT_EQ(ended(*net), 1) << "300 s after the first";
}

TEST_P(NatCarrier, AResetThatIsForgedEndsNoConnectionThatGoesOn) {
    REQUIREMENT("RFC 7857 2.2", "A RST leaves the session for 4 minutes, and packets undo it");
    const auto net = with_source_rule();
    const uint16_t port = establish(*net);
    EXPECT_TRUE(gets_in(*net, ipv4().from(remote).to(outside).tcp(80, port, rst)));
    let_pass(*net, 230s);
    lan(*net, ipv4().to(remote).tcp(4000, 80, ack));
    let_pass(*net, 7000s);
    EXPECT_TRUE(gets_in(*net, ipv4().from(remote).to(outside).tcp(80, port, ack)));
    EXPECT_EQ(ended(*net), 0);
}

TEST_P(NatCarrier, NobodyTellsTheNextPortFromTheOnesBefore) {
    REQUIREMENT("RFC 6888 REQ-15", "Ports are hard to guess");
    REQUIREMENT("RFC 7857 9", "Ports are chosen at random (RFC 6056)");
    std::set<uint16_t> ports, steps;
    for (unsigned run = 0; run < 2; ++run) {
        const auto net = with_source_rule();
        uint16_t last = 0;
        for (uint16_t port = 5000; port < 5064; port += 2) {
            const uint16_t one =
                source_port(only(net->router.receives("lan", ipv4().udp(port, 53))));
            ports.insert(one);
            steps.insert(static_cast<uint16_t>(one - last));
            last = one;
        }
    }
    // 64 out of 32,256 even ports: of a random choice, five repeats have a chance of one in 10^7.
    EXPECT_GT(ports.size(), 59) << "two runs differ";
    EXPECT_GT(steps.size(), 59) << "no step comes again";
}

TEST_P(NatCarrier, AQuerysMappingEndsWithItsLastSession) {
    REQUIREMENT("RFC 7857 11", "A query's mapping goes with the last session that uses it");
    const auto net = with_source_rule();
    net->router.receives("lan", echo(8, 77).to(remote));
    net->router.receives("lan", echo(8, 77).to("192.0.2.2"));
    const auto& level = net->router.nat()->shared().mappings.level(nat::PortClass::icmp, 0);
    EXPECT_EQ(level.used, 1);
    let_pass(*net, 62s);
    EXPECT_EQ(level.used, 0);
}

TEST_P(NatCarrier, SessionsAtAnAddressThatTheInterfaceHasNoMoreEndAndNoOthers) {
    const std::string rules =
        R"({"type": "source", "out": "wan", "from": "10.0.0.9", "to": "interface"},
           {"type": "source", "out": "wan", "from": "10.0.0.8", "to": "203.0.113.64"})";
    const auto net = with_rules(rules);
    EXPECT_TRUE(lan(*net, ipv4().udp(5000, 53)).starts_with("wan 203.0.113.2:"));
    const std::string theirs = lan(*net, ipv4().from(neighbour).udp(5000, 53));
    std::string moved = config_of({.rest = R"(, "nat": [)" + rules + "]"});
    moved.replace(moved.find("203.0.113.2/24"), 14, "203.0.113.3/24");
    net->router.apply(moved);
    let_pass(*net, 1s);
    EXPECT_EQ(ended(*net), 1);
    EXPECT_TRUE(lan(*net, ipv4().udp(5000, 53)).starts_with("wan 203.0.113.3:"));
    EXPECT_EQ(lan(*net, ipv4().from(neighbour).udp(5000, 53)), theirs);
}

TEST_P(NatCarrier, AnAddressThatNoRuleHasGivesItsNumberBackOnceItsPortsHaveRested) {
    const auto net = with_rules(source_rule("", "203.0.113.64"));
    lan(*net, ipv4().udp(5000, 53));
    auto& shared = net->router.nat()->shared();
    const auto is_numbered = [&] {
        shared.drop_unused(net->router.plan().nat.get());
        return shared.mappings.number_of(net::addr(203, 0, 113, 64)).has_value();
    };
    EXPECT_TRUE(is_numbered());
    net->router.apply(config_of({.rest = R"(, "nat": [)" + source_rule("", "203.0.113.65") + "]"}));
    EXPECT_TRUE(is_numbered()) << "a session uses it";
    let_pass(*net, 1s);
    ASSERT_EQ(ended(*net), 1);
    EXPECT_TRUE(is_numbered()) << "a port rests";
    let_pass(*net, 140s);
    EXPECT_FALSE(is_numbered());
    EXPECT_TRUE(shared.mappings.number_of(net::addr(203, 0, 113, 65)));
}

TEST_P(NatCarrier, AForwardThatLeavesByAnInterfaceLeavesItsClientsAddressAlone) {
    const auto net = with_rules(
        R"({"type": "forward", "in": "wan", "out": "lan", "protocol": "tcp", "port": 80,
            "to": "10.0.0.9"})");
    const Sent sent =
        only(net->router.receives("wan", ipv4().from(remote).to(outside).tcp(4000, 80, syn)));
    EXPECT_EQ(flow_of(sent), "lan 192.0.2.1:4000 > 10.0.0.9:80");
}

}  // namespace
}  // namespace sluice::test
