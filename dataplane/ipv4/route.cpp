// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/route.h"

namespace sluice::ipv4 {
namespace {

// Finalizer of MurmurHash3 (Appleby): every bit of the input moves half the bits of the output.
constexpr uint32_t mix(uint64_t x) noexcept {
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53;
    return static_cast<uint32_t>(x ^ (x >> 33));
}

bool has_ports(uint8_t protocol) noexcept {
    return protocol == net::Protocol::tcp || protocol == net::Protocol::udp;
}

}  // namespace

uint32_t flow_hash(const net::Ipv4Header& ip, uint32_t available) noexcept {
    const uint64_t addresses = static_cast<uint64_t>(ip.source.raw()) << 32 | ip.destination.raw();
    uint32_t ports = 0;
    const uint32_t header = ip.header_length();
    if (has_ports(ip.protocol) && !ip.is_fragment() && available >= header + sizeof ports) {
        std::memcpy(&ports, reinterpret_cast<const uint8_t*>(&ip) + header, sizeof ports);
    }
    return mix(addresses ^ mix(static_cast<uint64_t>(ip.protocol) << 32 | ports));
}

Verdict find_route(const Context& c, net::Ipv4Address destination, uint32_t flow_hash,
                   Route& route) noexcept {
    return take_route(c, fib::find(*c.routes, destination.value), destination, flow_hash, route);
}

Verdict take_route(const Context& c, uint16_t found, net::Ipv4Address destination,
                   uint32_t flow_hash, Route& route) noexcept {
    route.id = found;
    route.adjacency = c.plan->adjacencies[route.id];
    const bool group = route.adjacency.kind == NextHopKind::group;
    if (group) {
        route.id = c.plan->member(route.adjacency, flow_hash);
        route.adjacency = c.plan->adjacencies[route.id];
    }
    switch (route.adjacency.kind) {
        case NextHopKind::gateway: route.next_hop = {c.plan->gateways[route.id]}; return passed();
        case NextHopKind::connected:
        case NextHopKind::tunnel: route.next_hop = destination; return passed();
        case NextHopKind::local:
        case NextHopKind::broadcast: return passed();
        case NextHopKind::blackhole: return drop(DropReason::route_blackhole);
        case NextHopKind::unreachable: return drop(DropReason::route_unreachable);
        case NextHopKind::prohibit: return drop(DropReason::route_prohibited);
        case NextHopKind::martian: return drop(DropReason::destination_martian);
        case NextHopKind::multicast: return drop(DropReason::group_not_joined);
        case NextHopKind::translated: return drop(DropReason::nat_no_mapping);
        case NextHopKind::none:
        case NextHopKind::group: break;
    }
    if (group) return drop(DropReason::no_live_next_hop);
    return drop(route.id == 0 ? DropReason::no_route : DropReason::next_hop_unknown);
}

}  // namespace sluice::ipv4
