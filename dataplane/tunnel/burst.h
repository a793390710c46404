// SPDX-License-Identifier: BSD-3-Clause
// Tunnels on the fast way: a whole burst in, or out, to which the plain way (receive.h, send.h)
// would do nothing else. A test holds the two equal.
//
// Left to the plain way: GRE with checksums or sequence numbers, fragments of outer packets,
// tunnels in tunnels, segments whose segment size is to be lowered, congestion marks that change.
#pragma once
#include <array>

#include "dataplane/classify.h"
#include "dataplane/context.h"

namespace sluice::tunnel {

// What was inside, as Ethernet frames from nobody to nobody; rte_mbuf::port names the tunnel.
struct Inner {
    std::array<rte_mbuf*, burst_size> packets;
    unsigned count = 0;
};

// Takes rows out of their tunnels; those that came in none are closed up. Returns how many those
// are. Expects rows as classify() leaves them.
unsigned take_out(Context& c, fast_path::Columns& col, unsigned n, Inner& inner) noexcept;

// Rows whose next hop is a tunnel get the outer packet's destination and next hop instead, all
// looked up at once. Those that only the plain way can judge get a next hop that leads nowhere.
// Expects rows as the lookup leaves them. col.tunnel and col.some_enter say which they are.
void find_ways_in(const Context& c, fast_path::Columns& col, unsigned n) noexcept;

// Outer headers in front of the rows that enter a tunnel, which are then rows of the outer packets.
void encapsulate(Context& c, fast_path::Columns& col, unsigned n) noexcept;

}  // namespace sluice::tunnel
