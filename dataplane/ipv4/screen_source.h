// SPDX-License-Identifier: BSD-3-Clause
// Refuses packets from addresses that they can not have come from, or not this way.
//
// Expects:  validate() accepted the packet.
// Drops:    source_martian (RFC 1812 5.3.7), source_is_ours, reverse_path_failed (RFC 3704).
#pragma once
#include "dataplane/context.h"

namespace sluice::ipv4 {

// Never any host's own: 0/8, 127/8, 224/4 and up.
constexpr bool is_martian(net::Ipv4Address a) noexcept {
    return a.is_this_network() || a.is_loopback() || a.value >= 0xe0000000;
}

Verdict screen_source(const Context& c, const Packet& packet, const Arrival& arrival) noexcept;

// Whether the route leads out by the interface, be it one way of several.
bool is_reached_by(const Plan& plan, uint16_t route, InterfaceId interface) noexcept;

// Whether a packet from this address may come in by the interface. On for `off`.
bool comes_the_right_way(const Plan& plan, uint16_t route_to_source,
                         InterfaceId interface) noexcept;

}  // namespace sluice::ipv4
