// SPDX-License-Identifier: BSD-3-Clause
// Finds where a packet goes: longest match, then one of the equal-cost next hops by flow.
#pragma once
#include "dataplane/context.h"

namespace sluice::ipv4 {

struct Route {
    uint16_t id = 0;            // next-hop id; of the member where the route is a group
    Adjacency adjacency;        // never a group
    net::Ipv4Address next_hop;  // gateway, or the destination itself on a connected network

    bool leads_out() const noexcept {
        return adjacency.kind == NextHopKind::gateway || adjacency.kind == NextHopKind::connected ||
               adjacency.kind == NextHopKind::tunnel;
    }
};

// Drops: no_route, route_*, next_hop_unknown, no_live_next_hop, destination_martian,
//        nat_no_mapping (an external address of the NAT),
//        group_not_joined. Passes for kinds local and broadcast, whose meaning the caller knows.
Verdict find_route(const Context& c, net::Ipv4Address destination, uint32_t flow_hash,
                   Route& route) noexcept;
// The same where it is known what the route table says of the destination.
Verdict take_route(const Context& c, uint16_t found, net::Ipv4Address destination,
                   uint32_t flow_hash, Route& route) noexcept;

// Of addresses and protocol, and of ports where every packet of the flow has them: fragments are
// hashed without, so that all of a packet's fragments take one path.
// `ip` must be whole; ports are read only where `available` bytes from `ip` on cover them.
uint32_t flow_hash(const net::Ipv4Header& ip, uint32_t available) noexcept;

}  // namespace sluice::ipv4
