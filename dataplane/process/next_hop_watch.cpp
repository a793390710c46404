// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/next_hop_watch.h"

namespace sluice {
namespace {

// As the plan sees it (dataplane/plan.cpp).
bool is_alive(const NeighbourTable& neighbours, uint32_t place) noexcept {
    return neighbours.link(place).condition() != NeighbourCondition::failed;
}

// A dead one that is merely being asked again has not come back.
bool has_come_back(const NeighbourTable& neighbours, uint32_t place) noexcept {
    return is_alive(neighbours, place) &&
           neighbours.link(place).condition() != NeighbourCondition::incomplete;
}

}  // namespace

void NextHopWatch::follow(const layout::Snapshot& s, const Plan& plan,
                          const NeighbourTable& neighbours) {
    gateways_.clear();
    std::vector<bool> seen(layout::max_next_hops);
    for (uint32_t m = 0; m < s.member_count; ++m) {
        const uint16_t id = s.members[m] % layout::max_next_hops;
        const Adjacency& a = plan.adjacencies[id];
        if (a.kind != NextHopKind::gateway || a.index == NeighbourTable::none || seen[id]) continue;
        seen[id] = true;
        gateways_.push_back(
            {a.index, a.interface, {plan.gateways[id]}, is_alive(neighbours, a.index)});
    }
}

std::vector<NextHopWatch::Change> NextHopWatch::look(const NeighbourTable& neighbours) {
    std::vector<Change> changes;
    for (Gateway& g : gateways_) {
        const bool alive =
            g.alive ? is_alive(neighbours, g.place) : has_come_back(neighbours, g.place);
        if (alive == g.alive) continue;
        g.alive = alive;
        changes.push_back(
            {alive ? layout::EventKind::next_hop_revived : layout::EventKind::next_hop_died,
             g.interface, g.address});
    }
    return changes;
}

std::vector<Errand> NextHopWatch::questions_to_the_dead() const {
    std::vector<Errand> questions;
    for (const Gateway& g : gateways_) {
        if (!g.alive) questions.push_back({Errand::Kind::ask, g.interface, g.address});
    }
    return questions;
}

}  // namespace sluice
