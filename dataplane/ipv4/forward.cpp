// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/forward.h"

#include "dataplane/arp/resolve.h"
#include "dataplane/icmp/error.h"
#include "dataplane/ipv4/options.h"
#include "dataplane/ipv4/output.h"
#include "dataplane/tunnel/clamp_mss.h"
#include "lib/net/checksum.h"

namespace sluice::ipv4 {
namespace {

bool has_options(const net::Ipv4Header& ip) noexcept { return ip.header_length() > sizeof ip; }

bool is_source_routed(const net::Ipv4Header& ip) noexcept {
    for (const Option& o : options_of(ip)) {
        if (o.is_source_route()) return true;
    }
    return false;
}

// RFC 1812 5.2.7.2: out by the interface it came in by, to a next hop that the source can reach
// itself, and not by the source's own wish.
bool deserves_redirect(const Context& c, const net::Ipv4Header& ip, const Arrival& arrival,
                       const Route& route) noexcept {
    const InterfaceId in = arrival.interface;
    return route.adjacency.interface == in && c.interface(in).redirects &&
           c.plan->is_on_link(in, ip.source_address()) && c.plan->is_on_link(in, route.next_hop) &&
           !is_source_routed(ip);
}

void clamp_mss(const Context& c, const Packet& packet, InterfaceId by) noexcept {
    if (!layout::is_tunnel(by) || c.plan->tunnels->at(by).wish.clamp_mss == 0) return;
    tunnel::clamp_mss(packet, c.interface(by).mtu);
}

}  // namespace

Verdict forward(Context& c, Packet packet, const Arrival& arrival, const Route& route) noexcept {
    net::Ipv4Header& ip = packet.ipv4();
    if (arrival.to_group) return drop(DropReason::link_broadcast);
    if (ip.ttl <= 1) return drop(DropReason::ttl_expired);
    if (deserves_redirect(c, ip, arrival, route)) {
        icmp::send_redirect(c, packet, arrival, route.next_hop);
    }
    // What is too big goes back as it came, so that is looked at before anything is written.
    const PlanInterface& out = c.interface(route.adjacency.interface);
    if (out.up && ip.total_length.host() > out.mtu && ip.dont_fragment()) {
        return drop(DropReason::too_big, out.mtu);
    }
    clamp_mss(c, packet, arrival.interface);
    clamp_mss(c, packet, route.adjacency.interface);
    if (has_options(ip)) fill_options(c, packet, route.adjacency.interface);
    net::age(ip);
    return output(c, packet, arrival, route);
}

Verdict forward_broadcast(Context& c, Packet packet, const Arrival& arrival,
                          InterfaceId out) noexcept {
    net::Ipv4Header& ip = packet.ipv4();
    const PlanInterface& to = c.interface(out);
    if (!to.directed_broadcast || arrival.to_group || arrival.interface == out) {
        return drop(DropReason::directed_broadcast);
    }
    if (ip.ttl <= 1) return drop(DropReason::ttl_expired);
    if (!to.up) return drop(DropReason::interface_down);
    if (ip.total_length.host() > to.mtu) return drop(DropReason::too_big, to.mtu);
    net::age(ip);
    arp::transmit(c, packet, out, net::broadcast_mac);
    return finished();
}

}  // namespace sluice::ipv4
