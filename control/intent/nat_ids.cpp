// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/nat_ids.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string>
#include <utility>

namespace sluice::intent {
namespace {

using layout::Nat;
using layout::NatRule;

template <typename T>
void append(std::string& bytes, const T* items, size_t count) {
    bytes.append(reinterpret_cast<const char*>(items), count * sizeof(T));
}

// All that a rule says, as bytes that are equal where it says the same. Where its lists lie in the
// common arrays is no part of it. Total: `last` may hold anything.
std::string meaning_of(const Nat& nat, const NatRule& rule) {
    NatRule bare = rule;
    bare.id = 0;
    bare.health = {};  // says, as weights do, who gets new sessions
    std::memset(bare.name, 0, sizeof bare.name);
    std::string bytes, items;
    for (layout::NatList* list :
         {&bare.from, &bare.to, &bare.pool, &bare.internal, &bare.source_pool}) {
        const bool fits = list->first + list->count <= layout::max_nat_ranges;
        append(items, nat.ranges + (fits ? list->first : 0), fits ? list->count : 0u);
        list->first = 0;
    }
    const bool fits = bare.targets.first + bare.targets.count <= layout::max_nat_targets;
    for (uint32_t t = 0; fits && t < bare.targets.count; ++t) {
        layout::NatTarget target = nat.targets[bare.targets.first + t];
        target.weight = 0;  // says who gets new sessions, not what becomes of those there are
        append(items, &target, 1);
    }
    bare.targets.first = 0;
    append(bytes, &bare, 1);
    return bytes + items;
}
static_assert(std::has_unique_object_representations_v<NatRule>);

std::string name_of(const NatRule& rule) {
    return std::string(rule.name, strnlen(rule.name, sizeof rule.name));
}

// The ids of another snapshot, to be taken over by rules that mean the same.
class Heritage {
  public:
    explicit Heritage(const Nat& last) {
        const uint32_t count = std::min(last.settings.rule_count, layout::max_nat_rules);
        for (uint32_t n = 0; n < count; ++n) {
            const NatRule& rule = last.rules[n];
            if (rule.id != 0) by_meaning_[meaning_of(last, rule)].emplace(name_of(rule), rule.id);
        }
    }
    // 0 where there is none. `renamed`: one of another name will do.
    uint16_t take(const std::string& meaning, const std::string& name, bool renamed) {
        const auto same = by_meaning_.find(meaning);
        if (same == by_meaning_.end() || same->second.empty()) return 0;
        auto found = same->second.find(name);
        if (found == same->second.end() && renamed) found = same->second.begin();
        if (found == same->second.end()) return 0;
        const uint16_t id = found->second;
        same->second.erase(found);
        return id;
    }

  private:
    std::map<std::string, std::map<std::string, uint16_t>> by_meaning_;
};

class RulePlaces {
  public:
    bool take(uint16_t id) {
        bool& taken = taken_[id % layout::max_nat_rules];
        return id != 0 && !std::exchange(taken, true);
    }

  private:
    std::array<bool, layout::max_nat_rules> taken_{};
};

}  // namespace

void give_ids(Nat& nat, const Nat& last) {
    Heritage heritage(last);
    RulePlaces places;
    for (const bool renamed : {false, true}) {
        for (uint32_t n = 0; n < nat.settings.rule_count; ++n) {
            NatRule& rule = nat.rules[n];
            if (rule.id != 0) continue;
            const uint16_t id = heritage.take(meaning_of(nat, rule), name_of(rule), renamed);
            if (places.take(id)) rule.id = id;
        }
    }
    uint16_t id = static_cast<uint16_t>(last.settings.last_rule_id);
    for (uint32_t n = 0; n < nat.settings.rule_count; ++n) {
        NatRule& rule = nat.rules[n];
        if (rule.id != 0) continue;
        while (!places.take(++id)) {
        }
        rule.id = id;
    }
    nat.settings.last_rule_id = id;
}

}  // namespace sluice::intent
