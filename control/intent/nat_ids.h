// SPDX-License-Identifier: BSD-3-Clause
// The ids of NAT rules: what sessions and counters know a rule by.
//
// A rule keeps its id as long as it means the same, whatever its place and its name; a rule that
// means something else is another rule. Ids are counted on, so that one that was in use a moment
// ago, and still stands in sessions, does not come to mean something else.
#pragma once
#include "lib/layout/nat.h"

namespace sluice::intent {

// Gives every rule of `nat`, which is filled but for its ids, the id that it has in `last` or a
// fresh one: never 0, and no two equal modulo max_nat_rules.
void give_ids(layout::Nat& nat, const layout::Nat& last);

}  // namespace sluice::intent
