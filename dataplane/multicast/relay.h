// SPDX-License-Identifier: BSD-3-Clause
// Relays UDP broadcasts: from each interface of the configuration's "broadcast_relay" to all the
// others, one copy each. A tunnel's copy is unicast to its remote (ingress replication).
//
// A router forwards no broadcast (RFC 1812 5.3.5.1, RFC 2644), so this is for some UDP ports alone,
// and only where it is asked for. What goes on is for all hosts (255.255.255.255), whatever
// network's broadcast address it came with: at the other end of a tunnel that means nothing.
//
// Why nothing goes round: no copy goes back where the packet came from; each hop takes one from its
// time to live; a port's packets are taken from hosts of the port's own networks alone, so not
// those that another router has relayed into them; a tunnel's, where the way back to their source
// is that tunnel.
#pragma once
#include "dataplane/context.h"

namespace sluice::multicast {

// Of a validated IPv4 packet: whole UDP without options to a port that is relayed, and for all
// hosts of the network that it came by.
bool is_relayed(const Context& c, const Packet& packet, const Arrival& arrival) noexcept;

// Expects:  is_relayed().
// Finishes: the copies are sent.
// Drops:    source_martian, source_is_ours, reverse_path_failed, broadcast_wrong_way, ttl_expired,
//           no_buffer. Nobody is told (RFC 1122 3.2.2). A copy has its own drops: those of
//           ipv4::output().
Verdict relay(Context& c, Packet packet, const Arrival& arrival) noexcept;

}  // namespace sluice::multicast
