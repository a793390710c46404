// SPDX-License-Identifier: BSD-3-Clause
// What differs between two configurations, told by name: an interface by its name, a route by
// its prefix, never by its number in a list.
#pragma once
#include <string>
#include <vector>

#include "control/config/json.h"

namespace sluice::config {

struct Difference {
    enum class Kind { added, removed, changed };
    Kind kind;
    std::string path;       // interfaces.wan.mtu, routes[10.0.0.0/8].via
    nlohmann::json before;  // null where it was added
    nlohmann::json after;   // null where it was removed
    bool operator==(const Difference&) const = default;
};

// Both documents have been accepted by read_config. What is written out and what is left to
// the same default do not differ, and neither do lists without order that are ordered otherwise.
// Where the order of named items counts, it is told as a change of their names' list.
std::vector<Difference> differences(const nlohmann::json& before, const nlohmann::json& after);

// + routes[10.8.0.0/16]: {"via":["10.0.0.2"]}
// - neighbours[lan 10.0.0.9]: {"mac":"02:00:00:00:00:09"}
// ~ interfaces.wan.mtu: 1500 -> 9001
std::string to_string(const Difference& difference);

// For the API: {"kind", "path", "before", "after"}.
void to_json(nlohmann::json& json, const Difference& difference);

}  // namespace sluice::config
