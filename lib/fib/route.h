// SPDX-License-Identifier: BSD-3-Clause
// What a route is to the FIB: a prefix and the id of where its packets go.
#pragma once
#include <cstdint>

#include "lib/net/address.h"

namespace sluice::fib {

// Index into the caller's table of next hops. 0 means "no route" and is never a route's value;
// the reader returns whatever the table holds, so the caller bounds it by his own table's size.
using NextHopId = std::uint16_t;
inline constexpr NextHopId no_route = 0;
inline constexpr NextHopId max_next_hop = 0x7fff;

struct Route {
    net::Ipv4Prefix prefix;
    NextHopId next_hop = no_route;

    friend constexpr bool operator==(const Route&, const Route&) = default;
};

}  // namespace sluice::fib
