// SPDX-License-Identifier: BSD-3-Clause
// DPDK's tables with the same routes, to compare with.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lib/fib/route.h"

namespace sluice::fib {

inline constexpr unsigned longest_burst = 64;

// Looks up one burst; the answers go where the peer's own interface puts them.
struct Peer {
    std::string name;
    std::function<bool()> select;  // makes the peer ready; false if this machine cannot
    void (*lookup)(const std::uint32_t* addresses, unsigned n);
    NextHopId (*answer)(unsigned i);  // to the i-th address of the last burst, to check it
};

// Starts EAL, on hugepages if there are enough free ones; returns whether it is on those.
bool start_eal();
std::vector<Peer> load_peers(std::span<const Route> routes);

// One route set or removed in rte_fib (2 bytes an entry); for the time per change.
void load_rte_fib_once(std::span<const Route> routes);
void change_rte_fib(const Route& route);

}  // namespace sluice::fib
