// SPDX-License-Identifier: BSD-3-Clause
// Transparent bridging: whole Ethernet frames between a port and a GRE tunnel (RFC 2784, protocol
// type 0x6558), so that the hosts on both sides are in one network.
//
// Nothing is learned and nothing filtered: between two ends there is nothing to choose. Frames of
// all types go as they are, tags and spanning tree included, without their check sequence. What an
// IPv4 header in the frame says of congestion, class and fragments the outer header takes over as
// the tunnel is asked to; of other frames it takes over nothing.
#pragma once
#include "dataplane/context.h"
#include "dataplane/tunnel/ecn.h"
#include "dataplane/tunnel/tunnels.h"

namespace sluice::tunnel {

// Expects:  any frame that came in by a bridged port.
// Finishes: it is in the tunnel; in fragments of the outer packet where its DF is clear.
// Drops:    frame_too_short, bridge_too_big, no_buffer, and what send_load() drops. Nobody is told:
//           a frame has no source that a router could answer.
Verdict bridge_in(Context& c, Packet frame, InterfaceId port) noexcept;

// Expects:  any bytes that came out of a bridged tunnel, its port known to the plan.
// Finishes: the frame has gone out by the port.
// Drops:    frame_too_short, interface_down, bridge_too_big, tunnel_ecn.
Verdict bridge_out(Context& c, Packet frame, const Tunnel& tunnel, Ecn outer) noexcept;

}  // namespace sluice::tunnel
