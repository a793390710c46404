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

}  // namespace

bool comes_the_right_way(const Plan& plan, uint16_t route_to_source,
                         InterfaceId interface) noexcept {
    const layout::ReversePath check = plan.interfaces[interface].reverse_path;
    if (check == layout::ReversePath::off) return true;
    const Adjacency& back = plan.adjacencies[route_to_source];
    const bool leads_out = back.kind == NextHopKind::gateway ||
                           back.kind == NextHopKind::connected ||
                           back.kind == NextHopKind::tunnel || back.kind == NextHopKind::group;
    return leads_out && (check == layout::ReversePath::loose || leads_by(plan, back, interface));
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
