// SPDX-License-Identifier: BSD-3-Clause
// Splits a packet that is larger than the link's MTU (RFC 791 3.2, RFC 1812 5.2.6).
//
// Expects:  DF clear; total length above the MTU; a route that leads out.
// Finishes: with all fragments sent and the packet given back. Options go into every fragment
//           or into the first alone, by their copied bit. A fragment may be split again.
// Drops:    no_buffer, before any fragment was sent.
#pragma once
#include "dataplane/context.h"
#include "dataplane/ipv4/route.h"

namespace sluice::ipv4 {

Verdict fragment(Context& c, Packet packet, const Arrival& arrival, const Route& route) noexcept;

}  // namespace sluice::ipv4
