// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/output.h"

#include "dataplane/arp/resolve.h"
#include "dataplane/ipv4/fragment.h"
#include "dataplane/multicast/groups.h"
#include "dataplane/tunnel/send.h"

namespace sluice::ipv4 {

Verdict output(Context& c, Packet packet, const Arrival& arrival, const Route& route) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    const InterfaceId out = route.adjacency.interface;
    const uint32_t mtu = c.interface(out).mtu;
    if (!c.interface(out).up) return drop(DropReason::interface_down);
    if (ip.total_length.host() > mtu) {
        if (ip.dont_fragment()) return drop(DropReason::too_big, mtu);
        return note(c, layout::Step::ipv4_fragment, fragment(c, packet, arrival, route), out, mtu);
    }
    return send_on_link(c, packet, arrival, route);
}

Verdict send_on_link(Context& c, Packet packet, const Arrival& arrival,
                     const Route& route) noexcept {
    const InterfaceId out = route.adjacency.interface;
    if (layout::is_tunnel(out)) return tunnel::send(c, packet, arrival, out);
    if (route.next_hop.is_multicast() || route.next_hop.is_limited_broadcast()) {
        arp::transmit(c, packet, out, multicast::mac_of(route.next_hop));
        return finished();
    }
    return note(c, layout::Step::arp_resolve, arp::send_to(c, packet, arrival, out, route.next_hop),
                out, route.next_hop.value);
}

}  // namespace sluice::ipv4
