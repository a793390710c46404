// SPDX-License-Identifier: BSD-3-Clause
// A mistake in a configuration file, as a person is told of it.
#pragma once
#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace sluice::config {

// Lines and columns count from 1; columns count bytes. Line 0: the file as a whole.
struct Position {
    uint32_t line = 0;
    uint32_t column = 0;
    auto operator<=>(const Position&) const = default;
};

struct Problem {
    std::string file;
    Position position;
    std::string path;   // interfaces.wan.addresses[0]; empty at the top of the file
    std::string value;  // the JSON text of what is there, shortened; empty where it is not a value
    std::string message;  // what is wrong and what would be right
    bool operator==(const Problem&) const = default;
};

// config.json:14: interfaces.wan.mtu: 20 should be a whole number from 68 to 9216
std::string to_string(const Problem& problem);

// For the API: {"file", "line", "column", "path", "value", "message"}.
void to_json(nlohmann::json& json, const Problem& problem);

}  // namespace sluice::config
