// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv6/screen_source.h"

namespace sluice::ipv6 {
namespace {

bool comes_the_right_way(const Context& c, net::Ipv6Address source, InterfaceId in) noexcept {
    const layout::ReversePath check = c.interface(in).reverse_path;
    if (check == layout::ReversePath::off || source.is_link_local()) return true;
    const Way* back = c.plan->ipv6->find(source);
    return back != nullptr && back->leads_out() &&
           (check == layout::ReversePath::loose || back->interface == in);
}

bool is_ours(const Context& c, net::Ipv6Address source, InterfaceId in) noexcept {
    if (source.is_link_local()) return c.plan->ipv6->is_own(in, source);
    const Way* way = c.plan->ipv6->find(source);
    return way != nullptr && way->kind == NextHopKind::local;
}

}  // namespace

Verdict screen_source(const Context& c, const Packet& packet, const Arrival& arrival) noexcept {
    const net::Ipv6Address source = packet.ipv6().source_address();
    // Who has no address yet asks whether it may have one (RFC 4862 5.4.2), or for a router.
    if (source.is_unspecified() && packet.ipv6().destination_address().is_multicast()) {
        return passed();
    }
    if (is_martian(source)) return drop(DropReason::source_martian);
    if (is_ours(c, source, arrival.interface)) return drop(DropReason::source_is_ours);
    if (!comes_the_right_way(c, source, arrival.interface)) {
        return drop(DropReason::reverse_path_failed);
    }
    return passed();
}

}  // namespace sluice::ipv6
