// SPDX-License-Identifier: BSD-3-Clause
// Sends a routed packet on its link: whole, in fragments, or not at all.
//
// Expects:  a whole and true IP header; a route that leads out.
// Drops:    too_big (DF is set; detail: the MTU), no_buffer, interface_down and what
//           arp::send_to() drops.
#pragma once
#include "dataplane/context.h"
#include "dataplane/ipv4/route.h"

namespace sluice::ipv4 {

Verdict output(Context& c, Packet packet, const Arrival& arrival, const Route& route) noexcept;

// One that fits: to the neighbour or the group that the route names, or into the tunnel that it
// leads by.
Verdict send_on_link(Context& c, Packet packet, const Arrival& arrival,
                     const Route& route) noexcept;

}  // namespace sluice::ipv4
