// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/health_watch.h"

#include <algorithm>

#include "lib/time_units.h"

namespace sluice {

void HealthWatch::follow(const layout::Snapshot& s, const std::function<bool(uint32_t)>& was_dead) {
    std::vector<Target> targets;
    for (uint32_t n = 0; n < s.nat.settings.rule_count; ++n) {
        const layout::NatRule& rule = s.nat.rules[n];
        if (rule.health.probe == layout::NatProbe::none) continue;
        for (uint32_t place = rule.targets.first;
             place < uint32_t{rule.targets.first} + rule.targets.count; ++place) {
            Target t{.place = place,
                     .rule = rule.id,
                     .target = s.nat.targets[place],
                     .how = rule.health};
            const auto known =
                std::ranges::find_if(targets_, [&](const Target& o) { return o.is_same(t); });
            if (known != targets_.end()) {
                t = *known;
                t.place = place;
                t.how = rule.health;
            } else {
                t.alive = !was_dead(place);
            }
            targets.push_back(t);
        }
    }
    targets_ = std::move(targets);
}

// Whether its condition changes.
bool HealthWatch::judge(Target& t, bool answered) {
    t.in_a_row = answered == t.alive ? 0 : static_cast<uint8_t>(t.in_a_row + 1);
    if (t.in_a_row < (t.alive ? t.how.fall : t.how.rise)) return false;
    t.alive = !t.alive;
    t.in_a_row = 0;
    return true;
}

HealthWatch::Look HealthWatch::look(uint64_t now_ns, const std::function<bool(uint32_t)>& heard) {
    Look look;
    for (Target& t : targets_) {
        if (now_ns < t.due_ns) continue;
        const bool answered = heard(t.place);
        if (t.asked && judge(t, answered)) {
            look.changes.push_back({t.alive ? layout::EventKind::nat_target_revived
                                            : layout::EventKind::nat_target_died,
                                    {t.target.address},
                                    t.target.port,
                                    t.rule});
        }
        t.asked = true;
        t.due_ns = now_ns + t.how.interval_s * second_ns;
        look.probes.push_back({Errand::Kind::probe, 0, {}, static_cast<uint16_t>(t.place)});
    }
    return look;
}

void HealthWatch::mark(layout::Snapshot& s) const {
    for (const Target& t : targets_) {
        uint16_t& weight = s.nat.targets[t.place].weight;
        weight = t.alive ? weight & ~layout::target_is_dead : weight | layout::target_is_dead;
    }
}

std::vector<uint32_t> HealthWatch::dead() const {
    std::vector<uint32_t> places;
    for (const Target& t : targets_) {
        if (!t.alive) places.push_back(t.place);
    }
    return places;
}

}  // namespace sluice
