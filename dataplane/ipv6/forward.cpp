// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv6/forward.h"

#include "dataplane/arp/resolve.h"
#include "dataplane/tunnel/clamp_mss.h"
#include "dataplane/tunnel/send.h"

namespace sluice::ipv6 {
namespace {

void clamp_mss6(const Context& c, const Packet& packet, InterfaceId by) noexcept {
    if (!layout::is_tunnel(by) || c.plan->tunnels->at(by).wish.clamp_mss == 0) return;
    tunnel::clamp_mss6(packet, mtu_of(c, by));
}

Verdict may_leave(const Context& c, const Packet& packet, InterfaceId out) noexcept {
    if (!c.interface(out).up) return drop(DropReason::interface_down);
    const uint32_t mtu = mtu_of(c, out);
    return packet.ipv6().total_length() > mtu ? drop(DropReason::too_big, mtu) : passed();
}

}  // namespace

uint32_t mtu_of(const Context& c, InterfaceId id) noexcept {
    const uint32_t mtu = c.interface(id).mtu;
    return layout::is_tunnel(id) ? std::max(mtu, net::least_ipv6_mtu) : mtu;
}

Verdict forward(Context& c, Packet packet, const Arrival& arrival, const Way& way) noexcept {
    net::Ipv6Header& ip = packet.ipv6();
    if (arrival.to_group) return drop(DropReason::link_broadcast);
    if (ip.hop_limit <= 1) return drop(DropReason::ttl_expired);
    // What is too big goes back as it came, so that is looked at before anything is written.
    if (const Verdict v = may_leave(c, packet, way.interface); !v.is_passed()) return v;
    clamp_mss6(c, packet, arrival.interface);
    clamp_mss6(c, packet, way.interface);
    --ip.hop_limit;
    return output(c, packet, arrival, way);
}

Verdict output(Context& c, Packet packet, const Arrival& arrival, const Way& way) noexcept {
    const InterfaceId out = way.interface;
    if (const Verdict v = may_leave(c, packet, out); !v.is_passed()) return v;
    if (layout::is_tunnel(out)) return tunnel::send(c, packet, arrival, out);
    const Neighbour next(out, way.next_hop(packet.ipv6().destination_address()));
    return note(c, layout::Step::nd_resolve, arp::send_to(c, packet, arrival, out, next), out);
}

}  // namespace sluice::ipv6
