// SPDX-License-Identifier: BSD-3-Clause
// Routes as lines of text, by the hundred thousand:
//
//   10.8.0.0/16 via 10.0.0.2,10.0.0.3          equal-cost next hops
//   10.9.0.0/16 via 10.0.0.4 dev lan
//   10.10.0.0/16 dev lan                       its destinations are neighbours on lan
//   192.0.2.0/24 blackhole                     or unreachable, prohibit
//   1.0.0.0/24 13335                           a next hop drawn by the number (see draw_from)
//   # a remark, and empty lines
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/intent/intent_writer.h"

namespace sluice::routes {

struct LineProblem {
    uint32_t line;  // counts from 1
    std::string message;
};

struct RouteLines {
    std::vector<intent::RouteChange> changes;
    std::vector<uint32_t> lines;        // of each change
    std::vector<LineProblem> problems;  // the first hundred
    size_t problem_count = 0;
};

enum class Lines { add, remove };  // to remove, only the prefix counts

// `draw_from`: what a line `PREFIX NUMBER` leads to is number NUMBER modulo its size.
RouteLines read_route_lines(std::string_view text, std::span<const net::Ipv4Address> draw_from,
                            Lines what);

}  // namespace sluice::routes
