// SPDX-License-Identifier: BSD-3-Clause
// Out of a tunnel: whose is the packet, is it as it should be, and what is inside
// (RFC 2784 2, 3; RFC 2890; RFC 2003 3.1; RFC 6040 4.2).
#pragma once
#include "dataplane/context.h"

namespace sluice::tunnel {

// Whether a packet may have come by a tunnel: its protocol, and where it is UDP its port. Expects a
// whole IPv4 header.
bool carries(const Plan& plan, const Packet& packet) noexcept;

// Whether a packet is between the ends of a tunnel. The NAT does not touch it then, though one of
// its sessions might have the same two addresses.
bool claims(const Plan& plan, const Packet& packet) noexcept;

// Expects:  a whole IPv4 packet to an address of ours, no fragment, of a protocol that carries().
// Passes:   the packet is now what was inside, and `from` says that it came by the tunnel.
// Finishes: a keepalive that was answered, or asked for; a frame, sent by the port (bridge.h).
// Drops:    tunnel_unknown, tunnel_udp_malformed, tunnel_udp_checksum, gre_malformed,
//           gre_bad_checksum, gre_late, tunnel_payload, tunnel_ecn, tunnel_returns,
//           tunnel_too_deep, and what bridge_out() drops.
Verdict receive(Context& c, Packet packet, Arrival& from) noexcept;

}  // namespace sluice::tunnel
