// SPDX-License-Identifier: BSD-3-Clause
// One NAT rule, read and judged by itself. What only shows beside others is nat_whole.h's.
#pragma once
#include <optional>
#include <vector>

#include "control/config/json.h"
#include "control/config/sections.h"

namespace sluice::config {

// A range, and where the file says so.
struct PlacedRange {
    AddressRange range;
    const nlohmann::json* value;
};

struct ReadRule {
    NatRule rule;
    const nlohmann::json* object;
    std::vector<PlacedRange> external;  // as in the rule
    std::vector<PlacedRange> source;    // as in the rule
};

// Nothing where not even its type can be told. `place` counts from 0.
std::optional<ReadRule> read_nat_rule(const nlohmann::json& object, size_t place, Reading& reading);

}  // namespace sluice::config
