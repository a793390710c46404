// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

Config with_rules(const std::string& rules) {
    return accepted(router_with("\"nat\": [" + rules + "]"));
}
// What is told of one rule, without the place that all have in common.
std::vector<std::string> told_of(const std::string& members) {
    std::vector<std::string> lines = told(router_with("\"nat\": [{" + members + "}]"));
    const std::string place = "c.json:3: nat[0]";
    for (std::string& line : lines) {
        if (line.starts_with(place)) line.erase(0, place.size());
    }
    return lines;
}
std::vector<std::string> told_of_rules(const std::string& rules) {
    return told(router_with("\"nat\": [" + rules + "]"));
}
NatRule rule_of(const std::string& members) { return with_rules("{" + members + "}").nat.at(0); }
AddressRange range(net::Ipv4Address first, net::Ipv4Address last) { return {first, last}; }
AddressRange range(net::Ipv4Address one) { return {one, one}; }

TEST(Nat, SourceRuleSharesTheInterfacesAddress) {
    const auto nat = with_rules(R"({"name": "internet", "type": "source", "from": "10.0.0.0/8",
                                    "out": "wan", "to": "interface"})")
                         .nat;
    ASSERT_EQ(nat.size(), 1U);
    EXPECT_EQ(nat[0].name, "internet");
    EXPECT_EQ(nat[0].type, NatType::source);
    EXPECT_THAT(nat[0].from,
                ElementsAre(range(net::addr(10, 0, 0, 0), net::addr(10, 255, 255, 255))));
    EXPECT_EQ(nat[0].out, "wan");
    EXPECT_TRUE(nat[0].to_interface);
    EXPECT_THAT(nat[0].external, IsEmpty());
    EXPECT_EQ(nat[0].ports, (PortRange{1024, 65535}));
}

TEST(Nat, SourceRuleIsReadWhole) {
    const auto nat = with_rules(R"({"name": "pool", "description": "customers", "type": "source",
        "in": "lan", "out": "wan", "from": ["10.1.0.0/16", "10.2.0.1"], "destination": "192.0.2.0/24",
        "protocol": "udp", "to": ["203.0.113.8/29", "203.0.113.20-203.0.113.25", "203.0.113.40"],
        "ports": "1024-62463", "filtering": "address-and-port-dependent", "pooling": "arbitrary", "port_choice": "blocks",
        "block_size": 1024, "blocks_per_subscriber": 2, "ports_per_subscriber": 2000,
        "sessions_per_subscriber": 3000, "parity": false, "hairpin": false,
        "inbound_refresh": true, "on_expired": "rst"})")
                         .nat;
    NatRule expected;
    expected.name = "pool";
    expected.description = "customers";
    expected.in = "lan";
    expected.out = "wan";
    expected.protocol = 17;
    expected.from = {range(net::addr(10, 1, 0, 0), net::addr(10, 1, 255, 255)),
                     range(net::addr(10, 2, 0, 1))};
    expected.destination = {range(net::addr(192, 0, 2, 0), net::addr(192, 0, 2, 255))};
    expected.external = {range(net::addr(203, 0, 113, 8), net::addr(203, 0, 113, 15)),
                         range(net::addr(203, 0, 113, 20), net::addr(203, 0, 113, 25)),
                         range(net::addr(203, 0, 113, 40))};
    expected.ports = {1024, 62463};
    expected.filtering = NatFiltering::address_and_port_dependent;
    expected.pooling = NatPooling::arbitrary;
    expected.port_choice = NatPortChoice::blocks;
    expected.block_size = 1024;
    expected.blocks_per_subscriber = 2;
    expected.ports_per_subscriber = 2000;
    expected.sessions_per_subscriber = 3000;
    expected.parity = false;
    expected.hairpin = false;
    expected.inbound_refresh = true;
    expected.on_expired = NatExpired::rst;
    EXPECT_THAT(nat, ElementsAre(expected));
}

TEST(Nat, SourceRuleMayHaveMappingsThatDependOnTheRemote) {
    EXPECT_EQ(rule_of(R"("type": "source", "out": "wan", "to": "interface",
                         "mapping": "endpoint-dependent")")
                  .mapping,
              NatMapping::endpoint_dependent);
}

TEST(Nat, ForwardRuleIsReadWhole) {
    const auto nat = with_rules(R"({"name": "web", "type": "forward", "in": "wan", "out": "lan",
        "protocol": "tcp", "port": "8000-8010", "source": "interface",
        "to": ["10.0.0.10:9000", {"address": "10.0.0.11:9000", "weight": 3}, "10.0.0.12"]},
        {"type": "forward", "protocol": "udp", "port": 53, "external": "203.0.113.9",
         "to": "10.0.0.53", "source": "10.0.0.200"})")
                         .nat;
    ASSERT_EQ(nat.size(), 2U);
    EXPECT_TRUE(nat[0].to_interface);
    EXPECT_TRUE(nat[0].source_interface);
    EXPECT_EQ(nat[0].protocol, 6);
    EXPECT_EQ(nat[0].port, (PortRange{8000, 8010}));
    EXPECT_THAT(nat[0].targets, ElementsAre(NatTarget{net::addr(10, 0, 0, 10), 9000, 1},
                                            NatTarget{net::addr(10, 0, 0, 11), 9000, 3},
                                            NatTarget{net::addr(10, 0, 0, 12), 0, 1}));
    EXPECT_FALSE(nat[1].to_interface);
    EXPECT_EQ(nat[1].port, (PortRange{53, 53}));
    EXPECT_THAT(nat[1].external, ElementsAre(range(net::addr(203, 0, 113, 9))));
    EXPECT_THAT(nat[1].source, ElementsAre(range(net::addr(10, 0, 0, 200))));
}

TEST(Nat, StaticDynamicAndExemptRulesAreReadWhole) {
    const auto nat = with_rules(R"(
        {"type": "static", "external": "203.0.113.32/28", "internal": "10.0.0.32/28", "out": "wan"},
        {"type": "dynamic", "from": "10.0.0.0/24", "out": "wan", "to": "203.0.113.64/28"},
        {"type": "exempt", "from": "10.0.0.0/8", "destination": ["10.0.0.0/8", "172.16.0.0/12"],
         "protocol": 47})")
                         .nat;
    ASSERT_EQ(nat.size(), 3U);
    EXPECT_EQ(nat[0].type, NatType::fixed);
    EXPECT_EQ(nat[0].internal, range(net::addr(10, 0, 0, 32), net::addr(10, 0, 0, 47)));
    EXPECT_EQ(nat[1].type, NatType::dynamic);
    EXPECT_EQ(nat[1].external[0].size(), 16U);
    EXPECT_EQ(nat[2].type, NatType::exempt);
    EXPECT_EQ(nat[2].destination.size(), 2U);
    EXPECT_EQ(nat[2].protocol, 47);
}

TEST(Nat, RuleWithoutANameIsCalledByItsTypeAndPlace) {
    const auto nat = with_rules(R"({"type": "exempt"},
        {"type": "source", "out": "wan", "to": "interface"})")
                         .nat;
    EXPECT_EQ(nat[0].name, "exempt-1");
    EXPECT_EQ(nat[1].name, "source-2");
}

TEST(Nat, NamesAreToldThatAreNoneOrTakenOrTooLong) {
    EXPECT_THAT(told_of_rules("{\"type\": \"exempt\", \"name\": \"a\"},\n"
                              "{\"type\": \"exempt\", \"name\": \"a\"}"),
                ElementsAre("c.json:4: nat[1].name: \"a\" is already the name of a rule (line 3)"));
    EXPECT_THAT(told_of_rules(R"({"type": "exempt", "name": "exempt-2"}, {"type": "exempt"})"),
                ElementsAre(HasSubstr("nat[1]: \"exempt-2\" is already the name of a rule")));
    for (const std::string& name : {std::string(32, 'a'), std::string("two words")}) {
        EXPECT_THAT(told_of(fmt::format(R"("type": "exempt", "name": "{}")", name)),
                    ElementsAre(HasSubstr("should be a name: a letter or digit, then at most 30")));
    }
}

TEST(Nat, RuleOfAnUnknownTypeIsToldTheKnownOnes) {
    EXPECT_THAT(told_of(R"("type": "masquerade", "out": "wan")"),
                ElementsAre(".type: \"masquerade\" should be \"source\", \"dynamic\", \"static\", "
                            "\"forward\" or \"exempt\""));
    EXPECT_THAT(told_of(R"("out": "wan")"), ElementsAre(HasSubstr("lacks \"type\"")));
}

TEST(Nat, RuleIsToldKeysThatItsTypeDoesNotHave) {
    EXPECT_THAT(told_of(R"("type": "exempt", "to": "interface", "port": 80)"),
                ElementsAre(".to: an exempt rule has no \"to\"",
                            ".port: an exempt rule has no "
                            "\"port\""));
    EXPECT_THAT(told_of(R"("type": "exempt", "ports": "1024-65535")"), IsEmpty())
        << "what is the default says nothing";
}

TEST(Nat, RuleIsToldWhatItsTypeLacks) {
    EXPECT_THAT(told_of(R"("type": "source", "out": "wan")"),
                ElementsAre(": a source rule lacks \"to\": \"interface\", or external addresses "
                            "such as 203.0.113.8/29"));
    EXPECT_THAT(told_of(R"("type": "source", "to": "interface")"),
                ElementsAre(": a source rule lacks \"out\": the interface whose address is meant"));
    EXPECT_THAT(told_of(R"("type": "dynamic", "out": "wan")"),
                ElementsAre(HasSubstr("a dynamic rule lacks \"to\"")));
    EXPECT_THAT(told_of(R"("type": "static")"),
                ElementsAre(HasSubstr("lacks \"external\""), HasSubstr("lacks \"internal\"")));
    EXPECT_THAT(told_of(R"("type": "forward")"),
                ElementsAre(HasSubstr("lacks \"protocol\": \"tcp\" or \"udp\""),
                            HasSubstr("lacks \"port\""), HasSubstr("lacks \"in\""),
                            HasSubstr("lacks \"to\"")));
}

TEST(Nat, UnknownInterfaceIsToldTheNearest) {
    EXPECT_THAT(told_of(R"("type": "source", "out": "wam", "to": "203.0.113.8")"),
                ElementsAre(".out: there is no interface \"wam\"; did you mean \"wan\"?"));
}

TEST(Nat, InterfaceWithoutAnAddressHasNoneToShare) {
    const std::string text = R"({"interfaces": {"wan": {"device": "net_tap0"}}, "nat": [)";
    EXPECT_THAT(told(text + R"({"type": "source", "out": "wan", "to": "interface"}]})"),
                ElementsAre("c.json:1: nat[0].to: \"interface\" has no address to give: wan has "
                            "none"));
    EXPECT_THAT(told(text + R"({"type": "forward", "in": "wan", "protocol": "tcp", "port": 80,
                                "to": "10.0.0.2"}]})"),
                ElementsAre("c.json:1: nat[0].in: \"wan\" has no address that packets could come "
                            "for"));
}

TEST(Nat, ReversedRangesAreToldTurnedRound) {
    EXPECT_THAT(
        told_of(R"("type": "source", "to": "203.0.113.9-203.0.113.8", "ports": "5000-4000")"),
        ElementsAre(".to: \"203.0.113.9-203.0.113.8\" is reversed; did you mean "
                    "\"203.0.113.8-203.0.113.9\"?",
                    ".ports: \"5000-4000\" is reversed; did you mean \"4000-5000\"?"));
}

TEST(Nat, TextThatIsNoRangeOrPortOrTargetIsToldWhatOneIs) {
    EXPECT_THAT(told_of(R"("type": "source", "to": "203.0.113.9/28", "from": "10.0.0.0/33")"),
                ElementsAre(".to: \"203.0.113.9/28\" has host bits set; did you mean "
                            "\"203.0.113.0/28\"?",
                            ".from: \"10.0.0.0/33\" should be an IPv4 prefix such as "
                            "192.0.2.0/24"));
    const std::string forward = R"("type": "forward", "in": "wan", "protocol": "tcp", )";
    EXPECT_THAT(told_of(forward + R"("port": "70000", "to": "10.0.0.10:0")"),
                ElementsAre(".port: \"70000\" should be a port from 1 to 65535, or a range of them "
                            "such as \"8000-8010\"",
                            ".to: \"10.0.0.10:0\" should be a target such as 10.0.0.10:8080"));
    EXPECT_THAT(told_of(forward + R"("port": 80, "to": [{"address": "web", "weight": 2000}])"),
                ElementsAre(HasSubstr(".to[0].address: \"web\" should be a target"),
                            HasSubstr(".to[0].weight: 2000 should be a whole number from 0 to "
                                      "1000")));
}

TEST(Nat, ProtocolWithoutPortsCanNotBeForwarded) {
    EXPECT_THAT(told_of(R"("type": "forward", "in": "wan", "protocol": "icmp", "port": 80,
                           "to": "10.0.0.10")"),
                ElementsAre(".protocol: \"icmp\" has no ports to forward; \"tcp\" and \"udp\" "
                            "have"));
    EXPECT_THAT(told_of(R"("type": "exempt", "protocol": "http")"),
                ElementsAre(HasSubstr(".protocol: \"http\" should be \"any\", \"tcp\"")));
    EXPECT_THAT(told_of(R"("type": "exempt", "protocol": 256)"),
                ElementsAre(HasSubstr(".protocol: 256 should be \"any\", \"tcp\"")));
}

TEST(Nat, TargetThatCanNotBeIsToldWhy) {
    const std::string forward = R"("type": "forward", "in": "wan", "protocol": "tcp", )";
    EXPECT_THAT(told_of(forward + R"("port": 80, "to": ["10.0.0.1:80", "224.0.0.1", "10.0.0.5",
                                     "10.0.0.5"])"),
                ElementsAre(".to[0]: \"10.0.0.1:80\" is the router's own address, on lan",
                            ".to[1]: \"224.0.0.1\" is a multicast address",
                            "c.json:4: nat[0].to[3]: \"10.0.0.5\" stands here twice"));
    EXPECT_THAT(told_of(forward + R"("port": "8000-8010", "to": "10.0.0.5:65530")"),
                ElementsAre(".to: \"10.0.0.5:65530\" is for 11 ports, of which the last would be "
                            "65540"));
}

TEST(Nat, ExternalAddressThatIsTheRoutersOrNoHostsIsToldWhy) {
    EXPECT_THAT(told_of(R"("type": "source", "to": "203.0.113.0/31")"),
                ElementsAre(".to: \"203.0.113.0/31\" has 203.0.113.0 in it, which is the network's "
                            "own address, of 203.0.113.0/24"));
    EXPECT_THAT(told_of(R"("type": "source", "to": "203.0.113.250-203.0.113.255")"),
                ElementsAre(HasSubstr("has 203.0.113.255 in it, which is the broadcast address of "
                                      "203.0.113.0/24")));
    EXPECT_THAT(told_of(R"("type": "source", "to": "203.0.113.2")"),
                ElementsAre(".to: \"203.0.113.2\" has 203.0.113.2 in it, the router's own address "
                            "on wan; \"interface\" shares that one"));
    EXPECT_THAT(told_of(R"("type": "static", "external": "203.0.113.2", "internal": "10.0.0.9")"),
                ElementsAre(".external: \"203.0.113.2\" has 203.0.113.2 in it, the router's own "
                            "address on wan"));
    EXPECT_THAT(told_of(R"("type": "dynamic", "to": "239.0.0.0/30")"),
                ElementsAre(".to: \"239.0.0.0/30\" is a multicast address"));
}

TEST(Nat, ForwardMayNameTheRoutersOwnAddress) {
    EXPECT_THAT(told_of(R"("type": "forward", "external": "203.0.113.2", "protocol": "tcp",
                           "port": 80, "to": "10.0.0.10")"),
                IsEmpty());
}

TEST(Nat, StaticPrefixesOfUnequalLengthAreTold) {
    EXPECT_THAT(
        told_of(R"("type": "static", "external": "203.0.113.8/29", "internal": "10.0.0.8/30")"),
        ElementsAre(".internal: \"10.0.0.8/30\" is 4 addresses and \"external\" is 8; both are of "
                    "one length"));
    EXPECT_THAT(told_of(R"("type": "static", "external": ["203.0.113.8", "203.0.113.9"],
                           "internal": "10.0.0.8/31")"),
                ElementsAre(HasSubstr("is more than one prefix; a static rule has one")));
}

TEST(Nat, AddressesThatTwoRulesWantForThemselvesAreTold) {
    const std::string pool = R"({"name": "pool", "type": "source", "to": "203.0.113.8/29"},)";
    EXPECT_THAT(
        told_of_rules(pool + "\n" +
                      R"({"type": "static", "external": "203.0.113.9", "internal": "10.0.0.9"})"),
        ElementsAre("c.json:4: nat[1].external: \"203.0.113.9\" overlaps \"203.0.113.8/29\" of "
                    "rule \"pool\" (line 3)"));
    EXPECT_THAT(told_of_rules(pool + R"({"type": "dynamic", "to": "203.0.113.3-203.0.113.8"})"),
                ElementsAre(HasSubstr("overlaps \"203.0.113.8/29\" of rule \"pool\"")));
    EXPECT_THAT(told_of_rules(pool + R"({"type": "dynamic", "to": "203.0.113.15-203.0.113.20"})"),
                ElementsAre(HasSubstr("overlaps \"203.0.113.8/29\" of rule \"pool\"")));
    EXPECT_THAT(told_of_rules(pool + R"({"type": "source", "to": "203.0.113.8",
                                         "port_choice": "blocks"})"),
                ElementsAre(HasSubstr("overlaps \"203.0.113.8/29\" of rule \"pool\"")));
}

TEST(Nat, RulesThatChoosePortsAtRandomMayShareAddresses) {
    EXPECT_THAT(told_of_rules(R"({"type": "source", "protocol": "tcp", "to": "203.0.113.8/29"},
                                 {"type": "source", "protocol": "udp", "to": "203.0.113.8/30"},
                                 {"type": "source", "out": "wan", "to": "interface"},
                                 {"type": "source", "out": "wan", "to": "interface"})"),
                IsEmpty());
}

TEST(Nat, AddressesForwardedAreNobodysPoolAlone) {
    EXPECT_THAT(told_of_rules(R"({"type": "source", "to": "203.0.113.8/29"},
                                 {"type": "forward", "protocol": "tcp", "port": 80,
                                  "external": "203.0.113.8", "to": "10.0.0.10"})"),
                IsEmpty());
}

TEST(Nat, ForwardThatAnEarlierOneHidesIsTold) {
    const std::string web = R"({"name": "web", "type": "forward", "in": "wan", "protocol": "tcp",
                                "port": "80-90", "to": "10.0.0.10"},)";
    const std::string later =
        R"({"type": "forward", "protocol": "tcp", "external": "203.0.113.2", "to": "10.0.0.11",)";
    EXPECT_THAT(told_of_rules(web + "\n" + later + R"("port": 85})"),
                ElementsAre("c.json:5: nat[1].port: 85 collides with \"80-90\" of rule \"web\" "
                            "(line 4)"));
    EXPECT_THAT(told_of_rules(web + later + R"("port": 91})"), IsEmpty());
    EXPECT_THAT(told_of_rules(web + R"({"type": "forward", "protocol": "udp", "in": "wan",
                                        "port": 85, "to": "10.0.0.11"})"),
                IsEmpty());
    EXPECT_THAT(told_of_rules(web + R"({"type": "forward", "protocol": "tcp", "port": 85,
                                        "external": "203.0.113.9", "to": "10.0.0.11"})"),
                IsEmpty());
}

TEST(Nat, ForwardForSomeSourcesMayStandBeforeTheOneForAll) {
    EXPECT_THAT(told_of_rules(R"({"type": "forward", "in": "wan", "protocol": "tcp", "port": 80,
                                  "from": "192.0.2.0/24", "to": "10.0.0.10"},
                                 {"type": "forward", "in": "wan", "protocol": "tcp", "port": 80,
                                  "to": "10.0.0.11"})"),
                IsEmpty());
}

TEST(Nat, BlocksThatDoNotDivideThePortsAreToldWhichPortsWould) {
    EXPECT_THAT(told_of(R"("type": "source", "to": "203.0.113.8", "port_choice": "blocks",
                           "ports": "2000-9999", "block_size": 300)"),
                ElementsAre("c.json:4: nat[0].block_size: blocks of 300 do not divide the 8000 "
                            "ports \"2000-9999\"; \"2000-9799\" would be 26 of them"));
    EXPECT_THAT(
        told_of(R"("type": "source", "to": "203.0.113.8", "port_choice": "blocks",
                           "block_size": 8)"),
        ElementsAre(HasSubstr(".block_size: 8 is too small a block; 16 ports are the least")));
    EXPECT_THAT(told_of(R"("type": "source", "to": "203.0.113.8", "port_choice": "blocks",
                           "ports": "2000-2099")"),
                ElementsAre(HasSubstr(".port_choice: a block of 512 is more than the 100 ports")));
}

TEST(Nat, DeterministicRuleNeedsPortsForEachInsideAddress) {
    const std::string rule = R"("type": "source", "port_choice": "deterministic",)";
    EXPECT_THAT(told_of(rule + R"("to": "203.0.113.8/30")"),
                ElementsAre(HasSubstr("lacks \"from\"")));
    EXPECT_THAT(
        told_of(rule + R"("from": "10.0.0.0/22", "to": "203.0.113.8/30", "block_size": 512)"),
        ElementsAre(".from: 1024 inside addresses need 512 ports each, and 4 external addresses "
                    "have 252 for each; 9 external addresses would do"));
    EXPECT_THAT(told_of(rule + R"("from": "10.0.0.0/16", "to": "203.0.113.8")"),
                ElementsAre(".from: 65536 inside addresses need 16 ports each, and 1 external "
                            "address has 0 for each; 17 external addresses would do"));
}

TEST(Nat, DeterministicRuleSharesItsPortsOutWhereNoSizeIsGiven) {
    const std::string rule = R"("type": "source", "port_choice": "deterministic",
                                "from": "10.0.0.0/22", "to": "203.0.113.8/30")";
    EXPECT_EQ(rule_of(rule).block_size, 252) << "64512 ports by 1024 / 4 (RFC 7422)";
    EXPECT_EQ(rule_of(rule + R"(, "block_size": 100)").block_size, 100);
    EXPECT_EQ(rule_of(R"("type": "source", "port_choice": "deterministic", "ports": "1-65535",
                         "from": "10.0.0.9", "out": "wan", "to": "interface")")
                  .block_size,
              65535);
}

TEST(Nat, DeterministicRuleHasOnePlaceForEachInsideAddress) {
    EXPECT_THAT(
        told_of(R"("type": "source", "port_choice": "deterministic", "to": "203.0.113.8",
                           "from": ["10.0.0.0/30", "10.0.1.0/30", "10.0.0.3"])"),
        ElementsAre(HasSubstr(".from: 10.0.0.0/30 and 10.0.0.3 overlap; an inside address has one "
                              "place among those that ports are computed from")));
    EXPECT_THAT(
        told_of(R"("type": "source", "port_choice": "deterministic", "to": "203.0.113.8",
                           "from": "10.0.0.0/30", "pooling": "arbitrary")"),
        ElementsAre(HasSubstr(".pooling: a deterministic rule has no choice of addresses")));
}

TEST(Nat, PortsOfOneHostAloneAreNotShared) {
    for (const char* choice : {"blocks", "deterministic"}) {
        EXPECT_THAT(
            told_of(R"("type": "source", "to": "203.0.113.8", "from": "10.0.0.0/30",
                               "mapping": "endpoint-dependent", "port_choice": ")" +
                    std::string(choice) + R"(")"),
            ElementsAre(HasSubstr(".mapping: \"endpoint-dependent\" mappings share ports")));
    }
}

TEST(Nat, PortsThatAreSharedAreNotCounted) {
    EXPECT_THAT(told_of(R"("type": "source", "to": "203.0.113.8", "ports_per_subscriber": 100,
                           "mapping": "endpoint-dependent")"),
                ElementsAre(HasSubstr(".ports_per_subscriber: ports are shared")));
}

TEST(Nat, HasRoomForSoManyExternalAddressesAndRanges) {
    EXPECT_THAT(told_of(R"("type": "source", "to": "198.18.0.0/20")"), IsEmpty());
    EXPECT_THAT(told_of(R"("type": "source", "to": ["198.18.0.0/20", "198.19.0.0"])"),
                ElementsAre(HasSubstr("the rules' pools have 4097 external addresses together; at "
                                      "most 4096 are allowed")));
    EXPECT_THAT(
        told_of(R"("type": "static", "external": "198.18.0.0/15", "internal": "10.0.0.0/15")"),
        IsEmpty());
    std::string from;
    for (int n = 0; n < 3000; ++n) from += fmt::format("\"10.1.{}.{}\",", n / 250, n % 250);
    const std::string rule = "{\"type\": \"exempt\", \"from\": [" + from + "\"10.2.0.0\"]}";
    EXPECT_THAT(told_of_rules(rule + "," + rule), IsEmpty());
    EXPECT_THAT(told_of_rules(rule + "," + rule + "," + rule),
                ElementsAre(HasSubstr("nat[2]: all rules up to this one have 9009 ranges")));
}

TEST(Nat, RulesAreAtMost512) {
    std::string rules = "{\"type\": \"exempt\"}";
    for (int n = 0; n < 512; ++n) rules += ",{\"type\": \"exempt\"}";
    EXPECT_THAT(told_of_rules(rules),
                ElementsAre("c.json:3: nat: has 513 entries; at most 512 are allowed"));
}

TEST(Nat, IsNotBlamedForAnInterfacesWrongAddress) {
    EXPECT_THAT(told("{\"interfaces\": {\"wan\": {\"device\": \"net_tap0\", \"addresses\": "
                     "[\"10.0.0.0/24\"]}},\n"
                     "\"nat\": [{\"type\": \"source\", \"out\": \"wan\", \"to\": \"interface\"}]}"),
                ElementsAre(HasSubstr("c.json:1: interfaces.wan.addresses[0]: ")));
}

TEST(Sessions, AreReadWhole) {
    const auto sessions = accepted(R"({"sessions": {"max": 1000000, "udp_s": 120,
        "tcp_established_s": 7200, "tcp_transitory_s": 60, "icmp_s": 30, "other_s": 10,
        "syn_wait_s": 5, "quarantine_s": 0, "fragment_s": 2}})")
                              .sessions;
    EXPECT_EQ(sessions, (Sessions{1000000, 120, 7200, 60, 30, 10, 5, 0, 2}));
}

TEST(Sessions, OfWhichThereCanNotBeSoManyAreTold) {
    EXPECT_THAT(told(R"({"sessions": {"max": 67108865}})"),
                ElementsAre("c.json:1: sessions.max: 67108865 should be a whole number from 64 to "
                            "67108864"));
}

TEST(Nat, AnAlgIsAListOfThoseThereAre) {
    const auto nat = with_rules(R"({"type": "source", "out": "wan", "to": "interface",
                                    "alg": ["ftp"]},
                                   {"type": "source", "out": "wan", "to": "interface"})")
                         .nat;
    EXPECT_TRUE(nat[0].ftp);
    EXPECT_FALSE(nat[1].ftp);
    EXPECT_THAT(told_of(R"("type": "exempt", "alg": ["ftp"])"),
                ElementsAre(HasSubstr("an exempt rule has no \"alg\"")));
    EXPECT_EQ(
        told_of(R"("type": "source", "out": "wan", "to": "interface", "alg": ["sip"])").size(), 1U);
    EXPECT_THAT(told_of(R"("type": "source", "out": "wan", "to": "interface", "alg": ["dns"])"),
                ElementsAre(HasSubstr("\"dns\" is for those that have: forward and static")));
    EXPECT_TRUE(with_rules(R"({"type": "static", "external": "203.0.113.9",
                               "internal": "10.0.0.9", "alg": ["dns", "ftp"]})")
                    .nat[0]
                    .dns);
}

}  // namespace
}  // namespace sluice::config
