// SPDX-License-Identifier: BSD-3-Clause
// Packets for the router itself: put together if they come in fragments, then given to whoever
// speaks their protocol, which is ICMP, or a tunnel.
//
// Expects:  validated and screened; the destination is an address of this router.
// Drops:    protocol_unreachable, port_unreachable, link_broadcast; and what the reassembler and
//           icmp::receive() and tunnel::receive() drop.
#pragma once
#include "dataplane/context.h"

namespace sluice::ipv4 {

// `packet` becomes the whole packet when its last fragment was delivered.
// Passed: it was a tunnel's, and is now what was inside; `arrival` says that it came by the tunnel.
Verdict deliver(Context& c, Packet& packet, Arrival& arrival) noexcept;

}  // namespace sluice::ipv4
