// SPDX-License-Identifier: BSD-3-Clause
// IPv6 packets for the router itself, which speaks nothing but ICMP and Neighbour Discovery.
//
// Expects:  validated, screened; the destination is an address or a group of ours.
// Finishes: what icmp6::receive() finishes.
// Drops:    ipv6_extension and protocol_unreachable (detail: where the byte lies that is not
//           understood, from the IPv6 header on), ipv6_fragment, ip_header_truncated,
//           port_unreachable, link_broadcast, group_not_joined, and what icmp6::receive() drops.
#pragma once
#include "dataplane/context.h"

namespace sluice::ipv6 {

Verdict deliver(Context& c, Packet packet, const Arrival& arrival) noexcept;

}  // namespace sluice::ipv6
