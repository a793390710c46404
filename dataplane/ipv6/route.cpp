// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv6/route.h"

#include "dataplane/ipv6/screen_source.h"

namespace sluice::ipv6 {
namespace {

Verdict follow(const Context& c, net::Ipv6Address destination, Way& way) noexcept {
    const Way* found = c.plan->ipv6->find(destination);
    if (found == nullptr) return drop(DropReason::no_route);
    way = *found;
    switch (way.kind) {
        case NextHopKind::blackhole: return drop(DropReason::route_blackhole);
        case NextHopKind::unreachable: return drop(DropReason::route_unreachable);
        case NextHopKind::prohibit: return drop(DropReason::route_prohibited);
        default: return passed();
    }
}

Way local_by(InterfaceId interface) noexcept { return {NextHopKind::local, interface, {}, true}; }

}  // namespace

Verdict find_route(const Context& c, const Packet& packet, const Arrival& arrival,
                   Way& way) noexcept {
    const net::Ipv6Header& ip = packet.ipv6();
    const net::Ipv6Address to = ip.destination_address();
    const InterfaceId in = arrival.interface;
    if (to.is_multicast()) {
        if (!c.plan->ipv6->is_joined(in, to)) return drop(DropReason::group_not_joined);
        way = local_by(in);
        return passed();
    }
    if (is_martian(to)) return drop(DropReason::destination_martian);
    if (to.is_link_local()) {
        if (!c.plan->ipv6->is_own(in, to)) return drop(DropReason::ipv6_beyond_link);
        way = local_by(in);
        return passed();
    }
    if (const Verdict v = follow(c, to, way); !v.is_passed()) return v;
    if (!way.leads_out()) return passed();
    if (ip.source_address().is_link_local()) return drop(DropReason::ipv6_beyond_link);
    // RFC 4443 3.1: it would go to and fro until its hop limit is spent.
    if (layout::is_tunnel(in) && way.interface == in && way.of_own_network) {
        return drop(DropReason::tunnel_back);
    }
    return passed();
}

Verdict find_way_out(const Context& c, net::Ipv6Address destination, InterfaceId on,
                     Way& way) noexcept {
    if (destination.is_link_local() || destination.is_multicast()) {
        way = {NextHopKind::connected, on, {}, true};
        return on == layout::no_interface ? drop(DropReason::no_route) : passed();
    }
    if (const Verdict v = follow(c, destination, way); !v.is_passed()) return v;
    return way.leads_out() ? passed() : drop(DropReason::no_route);
}

uint32_t flow_hash(const net::Ipv6Header& ip) noexcept {
    const auto mix = [](uint64_t x) {
        x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
        return x ^ (x >> 33);
    };
    const net::Ipv6Address from = ip.source_address(), to = ip.destination_address();
    uint64_t hash = mix(from.high) ^ from.low;
    hash = mix(hash) ^ to.high;
    hash = mix(hash) ^ to.low;
    const uint64_t label = ip.version_class_flow.host() & 0xfffff;
    return static_cast<uint32_t>(mix(mix(hash) ^ label << 8 ^ ip.next_header) >> 32);
}

}  // namespace sluice::ipv6
