// SPDX-License-Identifier: BSD-3-Clause
// The routing table of the Internet that travels with the project (config/data), for tests and
// benchmarks.
#pragma once
#include <string>
#include <vector>

#include "lib/fib/route.h"

namespace sluice::fib {

// In the file's order, by address; the next hop is drawn from the AS number: 1 to next_hops.
// Of the two origins that one of the 564,580 prefixes has, the last counts.
// Throws std::runtime_error with the file and the line if it cannot be read.
std::vector<Route> read_full_table(const std::string& path, unsigned next_hops);

}  // namespace sluice::fib
