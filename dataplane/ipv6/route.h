// SPDX-License-Identifier: BSD-3-Clause
// Finds where an IPv6 packet goes.
#pragma once
#include "dataplane/context.h"

namespace sluice::ipv6 {

// Of a packet that came in. Passes for ways that lead out, and for `local`: an address or a group
// of ours.
// Drops: no_route, route_*, destination_martian, group_not_joined, ipv6_beyond_link, tunnel_back.
Verdict find_route(const Context& c, const Packet& packet, const Arrival& arrival,
                   Way& way) noexcept;

// Of a packet of our own, to somebody else. `on`: of a link-local destination, where it is.
Verdict find_way_out(const Context& c, net::Ipv6Address destination, InterfaceId on,
                     Way& way) noexcept;

// Of addresses, flow label and next header (RFC 6438): for the choice between equal paths of a
// tunnel's outer packets.
uint32_t flow_hash(const net::Ipv6Header& ip) noexcept;

}  // namespace sluice::ipv6
