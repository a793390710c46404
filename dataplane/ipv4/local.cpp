// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/local.h"

#include "dataplane/icmp/receive.h"
#include "dataplane/ipv4/reassemble.h"
#include "dataplane/nat/probe.h"
#include "dataplane/tunnel/receive.h"
#include "dataplane/tunnel/spread.h"

namespace sluice::ipv4 {
namespace {

// Gives it to the worker that has the flow inside, as the tunnel's other packets were given.
bool belongs_to_another(Context& c, Packet whole, const Arrival& arrival) noexcept {
    return c.spreader != nullptr && c.nesting == 0 && !arrival.is_own() &&
           c.spreader->give_whole(c, arrival.interface, whole);
}

}  // namespace

Verdict deliver(Context& c, Packet& packet, Arrival& arrival) noexcept {
    // RFC 1122 3.3.6: what came by link broadcast is for a broadcast address or for nobody.
    if (arrival.to_group) return drop(DropReason::link_broadcast);
    const bool was_in_fragments = packet.ipv4().is_fragment();
    if (was_in_fragments) {
        Packet whole;
        const Verdict v = note(c, layout::Step::ipv4_reassemble,
                               c.reassembler.add(c, packet, arrival, whole), arrival.interface);
        if (!whole) return v;
        packet = whole;
        if (belongs_to_another(c, packet, arrival)) return finished();
    }
    if (tunnel::carries(*c.plan, packet)) {
        if (was_in_fragments) c.tally(layout::Tally::tunnel_packets_reassembled);
        const Verdict v = tunnel::receive(c, packet, arrival);
        return note(c, layout::Step::tunnel_receive, v, arrival.interface);
    }
    switch (static_cast<net::Protocol>(packet.ipv4().protocol)) {
        case net::Protocol::icmp:
            return note(c, layout::Step::icmp_receive, icmp::receive(c, packet, arrival),
                        arrival.interface);
        case net::Protocol::tcp:
            if (nat::hear_segment(c, packet)) return finished();
            return drop(DropReason::port_unreachable);
        case net::Protocol::udp: return drop(DropReason::port_unreachable);
        default: return drop(DropReason::protocol_unreachable);
    }
}

}  // namespace sluice::ipv4
