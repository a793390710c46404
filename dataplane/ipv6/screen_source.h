// SPDX-License-Identifier: BSD-3-Clause
// Refuses packets from addresses that they can not have come from, or not this way.
//
// Expects:  validate() accepted the packet.
// Drops:    source_martian (RFC 4291 2.5.2, 2.5.3, 2.7; RFC 4213 4), source_is_ours,
//           reverse_path_failed (RFC 3704).
#pragma once
#include "dataplane/context.h"

namespace sluice::ipv6 {

// Never any host's own: a group, loopback, :: and IPv4 addresses in the form of IPv6.
constexpr bool is_martian(net::Ipv6Address a) noexcept {
    return a.is_multicast() || a.is_ipv4_mapped() || a.is_ipv4_compatible();
}

Verdict screen_source(const Context& c, const Packet& packet, const Arrival& arrival) noexcept;

}  // namespace sluice::ipv6
