// SPDX-License-Identifier: BSD-3-Clause
// Destinations to look up, as the literature draws them.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/fib/rib.h"

namespace sluice::fib {

struct Traffic {
    std::string name;
    std::vector<std::uint32_t> destinations;  // destination_count of them, in host order
};

inline constexpr std::size_t destination_count = 1 << 20;

// uniform_prefixes: every prefix as likely as every other, any address inside.
// uniform_addresses: every address that has a route as likely as every other.
// zipf: the n-th of the prefixes in some order has 1/n of the first one's traffic.
std::vector<Traffic> draw_traffic(std::span<const Route> routes);

}  // namespace sluice::fib
