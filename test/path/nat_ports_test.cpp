// SPDX-License-Identifier: BSD-3-Clause
// How external ports are chosen: computed from the address inside, from blocks, within limits.
#include <set>

#include "lib/nat/deterministic.h"
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

class NatPorts : public NatBothWays {
  protected:
    // A host inside sends from one of its ports; where it shows outside, or nothing.
    static std::string shows_as(Network& net, const std::string& host, uint16_t port,
                                const char* to = remote) {
        const auto sent = net.router.receives("lan", ipv4().from(host).to(to).udp(port, 53));
        if (sent.size() != 1 || sent[0].interface != "wan") return "";
        EXPECT_TRUE(sent[0].frame.checksums_hold());
        return source_of(sent[0]) + ":" + std::to_string(source_port(sent[0]));
    }
    // All that a host gets for a hundred of its ports.
    static std::set<std::string> all_of(Network& net, const std::string& host) {
        std::set<std::string> all;
        for (uint16_t port = 5000; port < 5100; ++port) {
            const std::string one = shows_as(net, host, port);
            if (!one.empty()) all.insert(one);
        }
        return all;
    }
    static std::set<std::string> ports(const std::string& address, uint16_t first, uint16_t last) {
        std::set<std::string> all;
        for (uint32_t port = first; port <= last; ++port) {
            all.insert(address + ":" + std::to_string(port));
        }
        return all;
    }
};
TEST_BOTH_WAYS(NatPorts);

// Four to each of two addresses, sixteen ports each.
constexpr const char* deterministic_rule =
    R"({"name": "carrier", "type": "source", "out": "wan", "from": "10.0.0.4-10.0.0.11",
        "to": "203.0.113.64-203.0.113.65", "ports": "2000-2099", "port_choice": "deterministic",
        "block_size": 16})";

TEST_P(NatPorts, AHostHasThePortsThatItsAddressSays) {
    REQUIREMENT("RFC 7422 2", "A subscriber's ports are computed from its address");
    const auto net = with_rules(deterministic_rule);
    EXPECT_EQ(all_of(*net, "10.0.0.4"), ports("203.0.113.64", 2000, 2015));
    EXPECT_EQ(all_of(*net, "10.0.0.7"), ports("203.0.113.64", 2048, 2063));
    EXPECT_EQ(all_of(*net, "10.0.0.8"), ports("203.0.113.65", 2000, 2015));
    EXPECT_EQ(all_of(*net, inside), ports("203.0.113.65", 2016, 2031));
}

TEST_P(NatPorts, WhoseComputedPortsAreAllInUseIsRefusedAndNobodyElse) {
    const auto net = with_rules(deterministic_rule);
    all_of(*net, inside);
    EXPECT_EQ(net->router.drops(DropReason::nat_subscriber_limit), 100 - 16);
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 0);
    EXPECT_NE(shows_as(*net, neighbour, 5000), "");
}

TEST_P(NatPorts, ComputedPortsAreTheSameAfterARestart) {
    REQUIREMENT("RFC 7422 2", "A subscriber's ports stay the same while the configuration does");
    const auto net = with_rules(deterministic_rule);
    const std::string before = shows_as(*net, inside, 5000);
    const auto all = all_of(*net, inside);
    net->router.restart_nat();
    EXPECT_EQ(shows_as(*net, inside, 5000), before) << "the session lived";
    let_pass(*net, 400s);
    let_pass(*net, 200s);
    EXPECT_EQ(all_of(*net, inside), all) << "all sessions are new";
}

TEST_P(NatPorts, AQueryAndAProtocolWithoutPortsGoByTheComputedAddressToo) {
    const auto net = with_rules(deterministic_rule);
    const Sent ping = only(net->router.receives("lan", echo(8, 77).to(remote)));
    EXPECT_EQ(source_of(ping), "203.0.113.65");
    const uint16_t identifier = word_at(ping.frame.ip_payload(), 4);
    EXPECT_TRUE(2016 <= identifier && identifier <= 2031) << identifier;
    const Sent gre = only(net->router.receives("lan", ipv4().to(remote).protocol(47)));
    EXPECT_EQ(source_of(gre), "203.0.113.65");
}

TEST_P(NatPorts, TheRoutersOwnAddressMayBeSharedOutByComputedPorts) {
    const auto net = with_rules(
        R"({"type": "source", "out": "wan", "from": "10.0.0.8/31", "to": "interface",
            "ports": "2000-2063", "port_choice": "deterministic"})");
    EXPECT_EQ(all_of(*net, neighbour), ports(outside, 2000, 2031));
    EXPECT_EQ(all_of(*net, inside), ports(outside, 2032, 2063));
}

TEST_P(NatPorts, NoFlowGoesOnAtAPortThatARuleBeforeHadChosen) {
    const auto net = with_rules(
        R"({"type": "source", "out": "wan", "from": "10.0.0.8/31", "to": "interface",
            "ports": "3000-3000"})");
    EXPECT_EQ(shows_as(*net, inside, 5000), std::string(outside) + ":3000");
    net->router.apply(
        config_of({.rest = R"(, "nat": [{"type": "source", "out": "wan", "from": "10.0.0.8/31",
            "to": "interface", "ports": "2000-2063", "port_choice": "deterministic"}])"}));
    const auto other = shows_as(*net, inside, 5000, "192.0.2.2");
    EXPECT_NE(other, std::string(outside) + ":3000");
    let_pass(*net, 1s);
    const auto later = shows_as(*net, inside, 5000, "192.0.2.2");
    EXPECT_TRUE(ports(outside, 2032, 2063).contains(later)) << later;
}

// Three blocks of sixteen at one address, two for a host.
constexpr const char* blocks_rule =
    R"({"name": "homes", "type": "source", "out": "wan", "from": "10.0.0.0/24",
        "to": "203.0.113.64", "ports": "2000-2047", "port_choice": "blocks", "block_size": 16,
        "blocks_per_subscriber": 2})";

// The blocks that endpoints are of.
std::set<unsigned> blocks_of(const std::set<std::string>& endpoints) {
    std::set<unsigned> blocks;
    for (const std::string& one : endpoints) {
        blocks.insert((static_cast<unsigned>(std::stoul(one.substr(one.find(':') + 1))) - 2000) /
                      16);
    }
    return blocks;
}

TEST_P(NatPorts, AHostFillsItsBlockBeforeItGetsAnother) {
    REQUIREMENT("RFC 6888 REQ-14", "Ports are given out in blocks, so that a log names blocks");
    const auto net = with_rules(blocks_rule);
    std::set<std::string> mine;
    for (uint16_t port = 5000; port < 5016; ++port) mine.insert(shows_as(*net, inside, port));
    EXPECT_EQ(mine.size(), 16);
    EXPECT_EQ(blocks_of(mine).size(), 1);
    mine.insert(shows_as(*net, inside, 5016));
    EXPECT_EQ(blocks_of(mine).size(), 2);
}

TEST_P(NatPorts, AHostHasNoMoreBlocksThanItsRuleAllows) {
    const auto net = with_rules(blocks_rule);
    EXPECT_EQ(all_of(*net, inside).size(), 32);
    EXPECT_EQ(net->router.drops(DropReason::nat_subscriber_limit), 100 - 32);
    EXPECT_EQ(all_of(*net, neighbour).size(), 16) << "the third block";
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 100 - 16) << "no block is left";
}

TEST_P(NatPorts, ABlockIsItsHostsUntilItHasRested) {
    const auto net = with_rules(blocks_rule);
    const auto mine = blocks_of(all_of(*net, inside));
    let_pass(*net, 302s);
    ASSERT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 32);
    EXPECT_EQ(blocks_of(all_of(*net, neighbour)).size(), 1) << "the third alone";
    let_pass(*net, 115s);
    EXPECT_EQ(blocks_of(all_of(*net, neighbour)).size(), 1);
    let_pass(*net, 10s);
    EXPECT_EQ(blocks_of(all_of(*net, neighbour)).size(), 2);
}

TEST_P(NatPorts, BlocksStayTheirHostsWhenTheDataplaneDies) {
    const auto net = with_rules(blocks_rule);
    const std::string mine = shows_as(*net, inside, 5000);
    const std::string theirs = shows_as(*net, neighbour, 5000);
    net->router.restart_nat();
    EXPECT_EQ(blocks_of({mine, shows_as(*net, inside, 5001)}).size(), 1);
    EXPECT_EQ(blocks_of({theirs, shows_as(*net, neighbour, 5001)}).size(), 1);
    EXPECT_EQ(all_of(*net, inside).size(), 32);
    EXPECT_EQ(all_of(*net, neighbour).size(), 16);
}

TEST_P(NatPorts, AFlowFromOutsideHoldsTheBlockThatItsMappingIsIn) {
    const auto net = with_rules(
        R"({"type": "source", "out": "wan", "from": "10.0.0.0/24", "to": "203.0.113.64",
            "ports": "2000-2015", "port_choice": "blocks", "block_size": 16,
            "filtering": "endpoint-independent", "inbound_refresh": true})");
    const std::string mine = shows_as(*net, inside, 5000);
    const auto port = static_cast<uint16_t>(std::stoul(mine.substr(mine.find(':') + 1)));
    const auto from_outside = ipv4().from("192.0.2.7").to("203.0.113.64").udp(53, port);
    only(net->router.receives("wan", from_outside));
    for (unsigned i = 0; i < 4; ++i) {
        let_pass(*net, 200s);
        only(net->router.receives("wan", from_outside));
    }
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 1) << "that from inside";
    EXPECT_EQ(shows_as(*net, neighbour, 5000), "") << "the block is not free";
    EXPECT_NE(shows_as(*net, inside, 5001), "");
}

TEST_P(NatPorts, AHostHasNoMorePortsThanItsRuleAllows) {
    REQUIREMENT("RFC 6888 REQ-4", "A subscriber has no more external ports than its rule allows");
    const auto net = with_source_rule(R"(, "ports_per_subscriber": 3)");
    EXPECT_EQ(all_of(*net, inside).size(), 3);
    EXPECT_EQ(net->router.drops(DropReason::nat_subscriber_limit), 97);
    EXPECT_NE(shows_as(*net, inside, 5001, "192.0.2.7"), "") << "by a port that it has";
    EXPECT_EQ(shows_as(*net, inside, 6000), "");
    EXPECT_EQ(all_of(*net, neighbour).size(), 3) << "each for itself";
    const uint32_t resting =
        net->router.nat()->shared().mappings.level(nat::PortClass::udp, 0).quarantined;
    EXPECT_EQ(resting, 0) << "who is at his limit wears out no ports";
}

TEST_P(NatPorts, APortThatIsGivenBackMayBeTakenAnew) {
    const auto net = with_source_rule(R"(, "ports_per_subscriber": 3)");
    all_of(*net, inside);
    shows_as(*net, inside, 5001, "192.0.2.7");
    let_pass(*net, 302s);
    ASSERT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 4);
    EXPECT_EQ(all_of(*net, inside).size(), 3);
}

TEST_P(NatPorts, ALimitOfPortsOutlivesTheDataplaneAndItsRule) {
    const auto net = with_source_rule(R"(, "ports_per_subscriber": 3)");
    all_of(*net, inside);
    net->router.restart_nat();
    EXPECT_EQ(shows_as(*net, inside, 6000), "");
    // The rule becomes another: its sessions end, and with them what they counted.
    net->router.apply(
        config_of({.rest = R"(, "nat": [)" + source_rule(R"(, "ports_per_subscriber": 5)") + "]"}));
    let_pass(*net, 1s);
    EXPECT_EQ(all_of(*net, inside).size(), 5);
}

}  // namespace
}  // namespace sluice::test
