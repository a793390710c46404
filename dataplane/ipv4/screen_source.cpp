// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/screen_source.h"

#include <algorithm>

namespace sluice::ipv4 {
namespace {

bool leads_by(const Plan& plan, const Adjacency& a, InterfaceId interface) noexcept {
    if (a.kind != NextHopKind::group) return a.interface == interface;
    const auto& buckets = plan.groups[a.index].bucket;
    return std::any_of(buckets.begin(), buckets.end(),
                       [&](uint16_t id) { return plan.adjacencies[id].interface == interface; });
}

bool leads_anywhere(const Adjacency& a) noexcept {
    return a.kind == NextHopKind::gateway || a.kind == NextHopKind::connected ||
           a.kind == NextHopKind::tunnel || a.kind == NextHopKind::group;
}

}  // namespace

bool is_reached_by(const Plan& plan, uint16_t route, InterfaceId interface) noexcept {
    const Adjacency& way = plan.adjacencies[route];
    return leads_anywhere(way) && leads_by(plan, way, interface);
}

bool comes_the_right_way(const Plan& plan, uint16_t route_to_source,
                         InterfaceId interface) noexcept {
    const layout::ReversePath check = plan.interfaces[interface].reverse_path;
    if (check == layout::ReversePath::off) return true;
    if (check == layout::ReversePath::loose)
        return leads_anywhere(plan.adjacencies[route_to_source]);
    return is_reached_by(plan, route_to_source, interface);
}

Verdict screen_source(const Context& c, const Packet& packet, const Arrival& arrival) noexcept {
    const net::Ipv4Address source = packet.ipv4().source_address();
    if (is_martian(source)) return drop(DropReason::source_martian);

    const uint16_t route = fib::find(*c.routes, source.value);
    const NextHopKind kind = c.plan->adjacencies[route].kind;
    if (kind == NextHopKind::local) return drop(DropReason::source_is_ours);
    if (kind == NextHopKind::broadcast) return drop(DropReason::source_martian);
    if (!comes_the_right_way(*c.plan, route, arrival.interface)) {
        return drop(DropReason::reverse_path_failed);
    }
    return passed();
}

}  // namespace sluice::ipv4
