// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/plan.h"

#include <cstring>
#include <functional>
#include <random>
#include <stdexcept>

#include <gtest/gtest.h>

#include "dataplane/arp/neighbour_table.h"

namespace sluice {
namespace {

using layout::NextHop;
using layout::Snapshot;

class PlanTest : public ::testing::Test {
  protected:
    PlanTest() {
        for (unsigned id = 0; id < 2; ++id) {
            std::strcpy(snapshot->interfaces[id].name, id == 0 ? "lan" : "wan");
            snapshot->interfaces[id].mtu = 1500;
            snapshot->interfaces[id].enabled = 1;
            facts[id] = {true, net::MacAddress{{2, 0, 0, 0, 0, static_cast<uint8_t>(id)}}, 9000};
        }
        snapshot->generation = 7;
        snapshot->address_count = 2;
        snapshot->addresses[0] = {net::addr(10, 0, 0, 1).value, 0, 24, 0};
        snapshot->addresses[1] = {net::addr(203, 0, 113, 2).value, 1, 31, 0};
        snapshot->next_hop_count = 4;
        snapshot->next_hops[1] = gateway(0, 9);
        snapshot->next_hops[2] = gateway(1, 3);
        snapshot->next_hops[3] = {NextHopKind::group, {}, 0, 2, 0, 0};
        snapshot->member_count = 2;
        snapshot->members[0] = 1;
        snapshot->members[1] = 2;
    }
    static NextHop gateway(InterfaceId interface, uint8_t host) {
        return {NextHopKind::gateway, {}, interface, 0, net::addr(10, 0, 0, host).value, 0};
    }
    std::unique_ptr<const Plan> made() { return compile(*snapshot, facts, neighbours); }
    // Why a snapshot with this change is refused.
    std::string refused(const std::function<void(Snapshot&)>& change) {
        const auto before = std::make_unique<Snapshot>(*snapshot);
        change(*snapshot);
        std::string why;
        try {
            made();
        } catch (const std::runtime_error& e) {
            why = e.what();
        }
        *snapshot = *before;
        return why;
    }

    std::unique_ptr<Snapshot> snapshot = std::make_unique<Snapshot>();
    std::array<InterfaceFacts, layout::max_interfaces> facts;
    std::vector<NeighbourEntry> entries{1024};
    NeighbourTable neighbours{entries};
};

TEST_F(PlanTest, SaysWhatTheSnapshotSays) {
    const auto plan = made();
    EXPECT_EQ(plan->generation, 7u);
    EXPECT_EQ(plan->adjacencies[1].kind, NextHopKind::gateway);
    EXPECT_EQ(plan->gateways[1], net::addr(10, 0, 0, 9).value);
    EXPECT_EQ(plan->adjacencies[1].mtu, 1500) << "the smaller of what was asked and what there is";
    EXPECT_EQ(plan->adjacencies[0].kind, NextHopKind::none);
    EXPECT_EQ(plan->adjacencies[4].kind, NextHopKind::none);
    EXPECT_TRUE(plan->is_own(0, net::addr(10, 0, 0, 1)));
    EXPECT_FALSE(plan->is_own(1, net::addr(10, 0, 0, 1)));
    EXPECT_TRUE(plan->is_on_link(0, net::addr(10, 0, 0, 77)));
    EXPECT_EQ(plan->source_towards(1, net::addr(8, 8, 8, 8)), net::addr(203, 0, 113, 2));
    EXPECT_EQ(plan->source_towards(5, net::addr(8, 8, 8, 8)), std::nullopt);
}

TEST_F(PlanTest, TakesAnInterfaceForUpOnlyWhereItIsEnabledAndLinked) {
    snapshot->interfaces[0].enabled = 0;
    facts[1].up = false;
    const auto plan = made();
    EXPECT_FALSE(plan->interfaces[0].up);
    EXPECT_FALSE(plan->interfaces[1].up);
    EXPECT_EQ(plan->adjacencies[1].mtu, 0);
    EXPECT_EQ(plan->member(plan->adjacencies[3], 5), 0) << "no member is alive";
}

TEST_F(PlanTest, PinsGatewaysAndLetsThemGoAgain) {
    auto plan = made();
    const uint32_t place = plan->adjacencies[1].index;
    EXPECT_TRUE(neighbours.link(place).pinned());
    snapshot->next_hop_count = 1;
    plan = made();
    EXPECT_TRUE(neighbours.link(place).pinned()) << "the old plan may still be in use";
    release_unreferenced(*plan, *snapshot, neighbours);
    EXPECT_FALSE(neighbours.link(place).pinned());
}

TEST_F(PlanTest, MakesStaticNeighboursAndLetsThemGoAgain) {
    snapshot->neighbour_count = 1;
    snapshot->neighbours[0] = {0x020000000002, net::addr(10, 0, 0, 50).value, 0, 0, {}};
    auto plan = made();
    const uint32_t place = neighbours.find(0, net::addr(10, 0, 0, 50));
    EXPECT_TRUE(neighbours.link(place).is_static() && neighbours.link(place).usable());
    snapshot->neighbour_count = 0;
    plan = made();
    release_unreferenced(*plan, *snapshot, neighbours);
    EXPECT_FALSE(neighbours.link(place).is_static());
}

TEST_F(PlanTest, MovesOnlyTheBucketsOfAMemberThatDied) {
    const auto before = made();
    const uint32_t place = before->adjacencies[1].index;
    neighbours.move(place, NeighbourCondition::incomplete, NeighbourCondition::failed, 0);
    const auto after = made();
    unsigned of_the_dead = 0;
    for (unsigned b = 0; b < Group::buckets; ++b) {
        const uint16_t was = before->groups[0].bucket[b], is = after->groups[0].bucket[b];
        EXPECT_EQ(is, 2);
        of_the_dead += was == 1;
    }
    EXPECT_GT(of_the_dead, 80u);
    EXPECT_LT(of_the_dead, 176u);
}

TEST_F(PlanTest, MovesNoMoreBucketsToANewMemberThanItsShare) {
    const auto before = made();
    snapshot->next_hop_count = 5;
    snapshot->next_hops[4] = gateway(1, 4);
    snapshot->next_hops[3].count = 3;
    snapshot->member_count = 3;
    snapshot->members[2] = 4;
    const auto after = made();
    for (unsigned b = 0; b < Group::buckets; ++b) {
        const uint16_t was = before->groups[0].bucket[b], is = after->groups[0].bucket[b];
        EXPECT_TRUE(is == was || is == 4) << b;
    }
}

TEST_F(PlanTest, GoesOnWithAFullNeighbourTable) {
    std::vector<NeighbourEntry> eight(8);
    NeighbourTable small(eight);
    for (uint32_t n = 0; n < 8; ++n) {
        const net::Ipv4Address host{0x0b000000 + n};
        small.confirm(small.find_or_add(0, host, 0, 100), 0, host, facts[0].mac, 0);
    }
    const auto plan = compile(*snapshot, facts, small);
    EXPECT_EQ(plan->adjacencies[1].index, NeighbourTable::none);
    release_unreferenced(*plan, *snapshot, small);
}

TEST_F(PlanTest, RefusesASnapshotThatContradictsItselfAndSaysWhy) {
    using layout::StaticNeighbour;
    EXPECT_EQ(refused([](Snapshot& s) { s.address_count = 8193; }),
              "snapshot: 8193 addresses, at most 8192 fit");
    EXPECT_NE(refused([](Snapshot& s) { s.neighbour_count = ~0u; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.member_count = 65537; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.next_hop_count = 32769; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.dataplane.workers = 33; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.dataplane.core_count = 33; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.addresses[0].interface = 9; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.addresses[0].interface = 255; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.addresses[0].length = 33; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.next_hops[1].interface = 64; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.next_hops[1].kind = static_cast<NextHopKind>(99); }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.next_hops[3].count = 0; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.next_hops[3].count = 3; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.next_hops[3].first = ~0u; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.members[0] = 3; }), "") << "a group in a group";
    EXPECT_NE(refused([](Snapshot& s) { s.members[0] = 0; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.members[0] = 32767; }), "");
    EXPECT_NE(refused([](Snapshot& s) { s.neighbour_count = 1, s.neighbours[0].interface = 200; }),
              "");
    EXPECT_EQ(refused([](Snapshot&) {}), "");
}

// Whatever a broken or hostile control publishes is refused or becomes a plan whose every number
// leads inside of it.
TEST_F(PlanTest, MakesOnlyPlansThatHoldTogetherOfRubbish) {
    std::mt19937 random(11);
    const auto sound = std::make_unique<Snapshot>(*snapshot);
    unsigned accepted = 0;
    for (unsigned round = 0; round < 1500; ++round) {
        *snapshot = *sound;
        auto* bytes = reinterpret_cast<uint8_t*>(snapshot.get());
        const size_t tables[] = {0,
                                 offsetof(Snapshot, interfaces),
                                 offsetof(Snapshot, addresses),
                                 offsetof(Snapshot, neighbours),
                                 offsetof(Snapshot, next_hops),
                                 offsetof(Snapshot, members)};
        for (unsigned n = 1 + random() % 6; n > 0; --n) {
            const size_t at = tables[random() % std::size(tables)] + random() % 80;
            bytes[at] = static_cast<uint8_t>(random() % 3 ? random() : random() % 4);
        }
        std::unique_ptr<const Plan> plan;
        try {
            plan = made();
        } catch (const std::runtime_error&) {
            continue;
        }
        ++accepted;
        for (const Adjacency& a : plan->adjacencies) {
            ASSERT_LT(a.interface, layout::max_interfaces);
            if (a.kind == NextHopKind::gateway) {
                ASSERT_TRUE(a.index == NeighbourTable::none || a.index < neighbours.size());
            }
            if (a.kind != NextHopKind::group) continue;
            ASSERT_LT(a.index, plan->groups.size());
            for (const uint16_t member : plan->groups[a.index].bucket) {
                ASSERT_LT(member, plan->adjacencies.size());
                ASSERT_NE(plan->adjacencies[member].kind, NextHopKind::group);
            }
        }
        for (unsigned id = 0; id < layout::max_interfaces; ++id)
            plan->addresses_of(static_cast<InterfaceId>(id));
        release_unreferenced(*plan, *snapshot, neighbours);
    }
    EXPECT_GT(accepted, 100u);
}

}  // namespace
}  // namespace sluice
