// SPDX-License-Identifier: BSD-3-Clause
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/control/intent/memory.h"

namespace sluice::intent {
namespace {

using layout::NatKind;
using layout::NatRule;

std::string router(const std::string& more) {
    return R"({"interfaces": {
        "lan": {"device": "net_null0", "addresses": ["10.0.0.1/24"]},
        "wan": {"device": "net_null1", "addresses": ["203.0.113.2/24"]}}, )" +
           more + "}";
}
std::string with_rules(const std::string& rules) { return router("\"nat\": [" + rules + "]"); }

const std::string internet =
    R"({"name": "internet", "type": "source", "from": "10.0.0.0/8", "out": "wan", "to": "interface"})";
const std::string web =
    R"({"name": "web", "type": "forward", "in": "wan", "protocol": "tcp", "port": "8000-8010",
        "to": ["10.0.0.10:9000", {"address": "10.0.0.11", "weight": 3}]})";

class NatIntent : public IntentMemory {
  protected:
    const layout::Nat& apply(const std::string& text) {
        writer->apply(read(text));
        return nat();
    }
    const layout::Nat& nat() {
        EXPECT_TRUE(layout::copy_published(memory, *snapshot));
        return snapshot->nat;
    }
    std::vector<uint16_t> ids() {
        std::vector<uint16_t> result;
        for (uint32_t n = 0; n < nat().settings.rule_count; ++n) {
            result.push_back(snapshot->nat.rules[n].id);
        }
        return result;
    }
};

TEST_F(NatIntent, HasRulesInTheirOrderAndWithTheirInterfaces) {
    const layout::Nat& nat = apply(with_rules(internet + "," + web));
    ASSERT_EQ(nat.settings.rule_count, 2u);
    const NatRule& source = nat.rules[0];
    EXPECT_STREQ(source.name, "internet");
    EXPECT_EQ(source.kind, NatKind::source);
    EXPECT_EQ(source.in, layout::no_interface);
    EXPECT_EQ(source.out, writer->interface_id("wan"));
    EXPECT_EQ(source.to_interface, 1);
    EXPECT_EQ(source.filtering, layout::NatFiltering::address_dependent);
    EXPECT_EQ(source.first_port, 1024);
    EXPECT_EQ(source.last_port, 65535);
    ASSERT_EQ(source.from.count, 1);
    EXPECT_EQ(nat.ranges[source.from.first].first, ip("10.0.0.0").value);
    EXPECT_EQ(nat.ranges[source.from.first].last, ip("10.255.255.255").value);
    EXPECT_EQ(source.pool.count, 0);

    const NatRule& forward = nat.rules[1];
    EXPECT_EQ(forward.kind, NatKind::forward);
    EXPECT_EQ(forward.in, writer->interface_id("wan"));
    EXPECT_EQ(forward.protocol, 6);
    EXPECT_EQ(forward.first_port, 8000);
    EXPECT_EQ(forward.last_port, 8010);
    ASSERT_EQ(forward.targets.count, 2);
    const layout::NatTarget* targets = nat.targets + forward.targets.first;
    EXPECT_EQ(targets[0].address, ip("10.0.0.10").value);
    EXPECT_EQ(targets[0].port, 9000);
    EXPECT_EQ(targets[0].weight, 1);
    EXPECT_EQ(targets[1].port, 0);
    EXPECT_EQ(targets[1].weight, 3);
}

TEST_F(NatIntent, HasBothPrefixesOfAStaticRule) {
    const layout::Nat& nat = apply(with_rules(
        R"({"type": "static", "external": "203.0.113.16/28", "internal": "10.0.0.16/28"})"));
    const NatRule& rule = nat.rules[0];
    EXPECT_EQ(rule.kind, NatKind::fixed);
    ASSERT_EQ(rule.pool.count, 1);
    ASSERT_EQ(rule.internal.count, 1);
    EXPECT_EQ(nat.ranges[rule.pool.first].first, ip("203.0.113.16").value);
    EXPECT_EQ(nat.ranges[rule.internal.first].last, ip("10.0.0.31").value);
}

TEST_F(NatIntent, GivesATwiceTranslatedForwardTheInterfacesAddress) {
    const layout::Nat& nat = apply(with_rules(
        R"({"type": "forward", "in": "wan", "out": "lan", "protocol": "tcp", "port": 80,
            "to": "10.0.0.10", "source": "interface"})"));
    ASSERT_EQ(nat.rules[0].source_pool.count, 1);
    EXPECT_EQ(nat.ranges[nat.rules[0].source_pool.first].first, ip("10.0.0.1").value);
}

TEST_F(NatIntent, HasPlacesForSessionsOnlyWhereThereAreRules) {
    EXPECT_EQ(apply(router(R"("sessions": {"max": 1000})")).settings.sessions, 0u);
    const layout::NatSettings settings =
        apply(router(R"("sessions": {"max": 1000, "udp_s": 200}, "nat": [)" + internet + "]"))
            .settings;
    EXPECT_EQ(settings.sessions, 1000u);
    EXPECT_EQ(settings.udp_s, 200u);
    EXPECT_EQ(settings.tcp_established_s, 7440u);
}

TEST_F(NatIntent, LeadsPacketsForExternalAddressesToTheNat) {
    using layout::NextHopKind;
    apply(with_rules(R"({"type": "source", "to": "203.0.113.9-203.0.113.12", "out": "wan"},
        {"type": "static", "external": "198.51.100.0/24", "internal": "10.1.0.0/24"},
        {"type": "forward", "external": "203.0.113.40", "protocol": "udp", "port": 53,
         "to": "10.0.0.53"})"));
    for (const char* address :
         {"203.0.113.9", "203.0.113.12", "198.51.100.0", "198.51.100.255", "203.0.113.40"}) {
        EXPECT_EQ(next_hop_of(address).kind, NextHopKind::translated) << address;
    }
    for (const char* address : {"203.0.113.8", "203.0.113.13", "203.0.113.41"}) {
        EXPECT_EQ(next_hop_of(address).kind, NextHopKind::connected) << address;
    }
    apply(with_rules(internet));
    EXPECT_EQ(next_hop_of("203.0.113.9").kind, NextHopKind::connected);
}

TEST_F(NatIntent, LeavesTheRoutersOwnAddressesItsOwn) {
    apply(with_rules(internet + R"(, {"type": "forward", "protocol": "tcp", "port": 80,
        "external": "203.0.113.1-203.0.113.3", "to": "10.0.0.10"})"));
    EXPECT_EQ(next_hop_of("203.0.113.2").kind, layout::NextHopKind::local);
    EXPECT_EQ(next_hop_of("203.0.113.3").kind, layout::NextHopKind::translated);
}

TEST_F(NatIntent, KeepsARulesIdWhateverItsPlaceAndName) {
    apply(with_rules(internet + "," + web));
    const auto before = ids();
    apply(with_rules(R"({"type": "exempt"},)" + web + "," +
                     R"({"name": "renamed", "type": "source", "from": "10.0.0.0/8", "out": "wan",
                         "to": "interface"})"));
    EXPECT_EQ(ids()[1], before[1]);
    EXPECT_EQ(ids()[2], before[0]);
    EXPECT_NE(ids()[0], before[0]);
    EXPECT_NE(ids()[0], 0);
}

TEST_F(NatIntent, KeepsARulesIdWhileTheAddressOfItsInterfaceChanges) {
    apply(with_rules(internet));
    const auto before = ids();
    apply(R"({"interfaces": {"wan": {"device": "net_null1", "addresses": ["203.0.113.3/24"]}},
              "nat": [)" +
          internet + "]}");
    EXPECT_EQ(ids(), before);
}

TEST_F(NatIntent, GivesARuleThatMeansSomethingElseAnotherId) {
    apply(with_rules(internet + "," + web));
    std::set<uint16_t> seen;
    for (const auto id : ids()) seen.insert(id);
    for (const char* other :
         {R"("from": "10.0.0.0/9")", R"("protocol": "udp")", R"("in": "lan")",
          R"("destination": "192.0.2.1")", R"("parity": false)", R"("ports": "2000-3000")"}) {
        apply(with_rules(fmt::format(
            R"({{"name": "internet", "type": "source", "out": "wan", "to": "interface", {}}},{})",
            other, web)));
        EXPECT_TRUE(seen.insert(ids()[0]).second) << other;
        EXPECT_TRUE(seen.contains(ids()[1])) << "the other rule is what it was";
    }
    apply(with_rules(internet + R"(, {"name": "web", "type": "forward", "in": "wan",
        "protocol": "tcp", "port": "8000-8010",
        "to": ["10.0.0.10:9000", {"address": "10.0.0.12", "weight": 4}]})"));
    for (const auto id : ids()) EXPECT_TRUE(seen.insert(id).second) << "ids are not used again";
}

TEST_F(NatIntent, KeepsARulesIdWhenItsTargetsWeightsChangeSoThatTheirSessionsStay) {
    const auto with_weight = [](int weight) {
        return with_rules(fmt::format(R"({{"name": "web", "type": "forward", "in": "wan",
            "protocol": "tcp", "port": 80, "to": [{{"address": "10.0.0.11", "weight": {}}}]}})",
                                      weight));
    };
    apply(with_weight(3));
    const auto before = ids();
    apply(with_weight(0));
    EXPECT_EQ(ids(), before);
}

TEST_F(NatIntent, FindsIdsAgainAfterARestartAndGoesOnFromTheLast) {
    apply(with_rules(internet + "," + web));
    const auto before = ids();
    apply(with_rules(internet));
    restart();
    apply(with_rules(internet + "," + web));
    EXPECT_EQ(ids()[0], before[0]);
    EXPECT_GT(ids()[1], before[1]) << "sessions may still name the id of the rule that left";
}

TEST_F(NatIntent, KeepsIdsWhenAConfigurationIsRefused) {
    apply(with_rules(internet));
    const auto before = ids();
    config::Config too_many = read(with_rules(web));
    for (unsigned n = 0; n < layout::max_addresses; ++n) {
        too_many.interfaces[0].addresses.push_back({{0x0b000001u + (n << 8)}, 24});
    }
    EXPECT_THROW(writer->apply(too_many), std::runtime_error);
    writer->set_neighbour({"lan", ip("10.0.0.7"), test::mac("02:00:00:00:00:07")});
    EXPECT_EQ(ids(), before);
}

TEST_F(NatIntent, NeverHasTwoRulesInOnePlaceOfTheCounters) {
    const auto rules = [](int first) {
        std::string text;
        for (int n = 0; n < 512; ++n) {
            text += fmt::format("{}{{\"type\": \"exempt\", \"from\": \"10.{}.{}.0/24\"}}",
                                n > 0 ? "," : "", (first + n) / 256, (first + n) % 256);
        }
        return with_rules(text);
    };
    for (const int first : {0, 100, 400, 399}) {
        apply(rules(first));
        std::set<unsigned> places;
        for (const uint16_t id : ids()) {
            EXPECT_NE(id, 0);
            places.insert(id % layout::max_nat_rules);
        }
        EXPECT_EQ(places.size(), 512u);
    }
}

TEST_F(NatIntent, TakesOverNonsenseInTheLastSnapshotWithoutHarm) {
    apply(with_rules(internet));
    layout::Nat& last = memory.snapshots[memory.published.load() & 0xff].nat;
    last.settings.rule_count = 0xffffffff;
    last.settings.last_rule_id = 0xffffffff;
    last.rules[0].from = {0xffff, 0xffff};
    last.rules[1].targets = {2000, 0xffff};
    restart();
    apply(with_rules(internet + "," + web));
    EXPECT_THAT(ids(), ::testing::ElementsAre(1, 2));
}

}  // namespace
}  // namespace sluice::intent
