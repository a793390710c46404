// SPDX-License-Identifier: BSD-3-Clause
// Forwards an IPv4 packet to a group: one copy by each interface that wants it (RFC 1112, RFC 1812
// 5.2.1.3). A tunnel's copy is unicast to its remote (ingress replication).
//
// Who wants it: where somebody has joined the group (igmp/), and where the configuration says that
// all is wanted. Never where it came from. That no loop multiplies it, the packet must have come by
// the interface that the unicast route to its source leads by (reverse path forwarding), as strict
// as RFC 3704's strict check, whatever that one is set to.
#pragma once
#include "dataplane/context.h"

namespace sluice::multicast {

// Expects:  a validated IPv4 packet to a group, no IGMP.
// Finishes: the copies are sent; at most as many as there are interfaces for multicast.
// Drops:    group_not_joined (of one link, or by an interface that forwards none), source_martian,
//           source_is_ours, multicast_wrong_way, ttl_expired, multicast_unwanted, no_buffer. Nobody
//           is told (RFC 1122 3.2.2). A copy has its own drops: those of ipv4::output().
Verdict forward(Context& c, Packet packet, const Arrival& arrival) noexcept;

}  // namespace sluice::multicast
