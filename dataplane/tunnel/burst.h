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

// The tunnel that a row enters by adjacency `a`, which becomes that of the outer packet; null where
// only the plain way can say. `by_hash`: the row's hash, asked for only where paths are equal.
template <typename Hash>
const Tunnel* way_in(const Context& c, const fast_path::Columns& col, unsigned row, Adjacency& a,
                     Hash&& hash) noexcept;

// Outer headers in front of the rows that enter a tunnel, which are then rows of the outer packets.
void encapsulate(Context& c, fast_path::Columns& col, unsigned n) noexcept;

// ---- implementation of way_in ------------------------------------------------------------------

// Whether anything but headers in front is to be done to the row: a SYN's segment size.
bool only_needs_headers(const fast_path::Columns& col, unsigned row, const Tunnel& t) noexcept;

template <typename Hash>
const Tunnel* way_in(const Context& c, const fast_path::Columns& col, unsigned row, Adjacency& a,
                     Hash&& hash) noexcept {
    const Tunnel& t = c.plan->tunnels->all()[a.index];
    if (!t.fast || col.total_length[row] > a.mtu || !only_needs_headers(col, row, t)) {
        return nullptr;
    }
    Adjacency outer = c.plan->adjacencies[fib::find(*c.routes, t.remote_bits)];
    if (outer.kind == NextHopKind::group) {
        outer = c.plan->adjacencies[c.plan->member(outer, hash())];
    }
    const bool leads_to_a_port =
        outer.kind == NextHopKind::gateway || outer.kind == NextHopKind::connected;
    if (!leads_to_a_port || col.total_length[row] + t.overhead > outer.mtu) return nullptr;
    a = outer;
    return &t;
}

}  // namespace sluice::tunnel
