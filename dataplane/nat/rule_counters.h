// SPDX-License-Identifier: BSD-3-Clause
// A rule's counters, which lie where its id says and begin anew with another rule's id.
#pragma once
#include "dataplane/context.h"

namespace sluice::nat {

inline layout::NatRuleCounters& counters_of(Context& c, uint16_t rule) noexcept {
    layout::NatRuleCounters& n = c.counters.nat_rules[rule % layout::max_nat_rules];
    if (n.rule.load(std::memory_order_relaxed) != rule) [[unlikely]] {
        n.sessions.set(0);
        n.refused.set(0);
        n.packets.set(0);
        n.rule.store(rule, std::memory_order_release);
    }
    return n;
}

}  // namespace sluice::nat
