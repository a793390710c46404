// SPDX-License-Identifier: BSD-3-Clause
// Forwards an IPv4 packet one hop: ages it, redirects its source where there is a shorter way,
// and sends it on its link (RFC 1812 5.2, 5.3).
//
// Expects:  validated, screened and routed; the route leads out.
// Drops:    ttl_expired, link_broadcast, and what output() drops. The header is as it came but
//           for the time to live and the options that are filled on the way.
#pragma once
#include "dataplane/context.h"
#include "dataplane/ipv4/route.h"

namespace sluice::ipv4 {

Verdict forward(Context& c, Packet packet, const Arrival& arrival, const Route& route) noexcept;

// RFC 2644: to all hosts of a network of ours, from another one. Off unless the interface allows
// it. Drops: directed_broadcast, ttl_expired, interface_down, too_big.
Verdict forward_broadcast(Context& c, Packet packet, const Arrival& arrival,
                          InterfaceId out) noexcept;

}  // namespace sluice::ipv4
