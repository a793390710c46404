// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv6/local.h"

#include "dataplane/icmp6/receive.h"
#include "dataplane/ipv6/extensions.h"

namespace sluice::ipv6 {

Verdict deliver(Context& c, Packet packet, const Arrival& arrival) noexcept {
    const bool to_group = packet.ipv6().destination_address().is_multicast();
    if (arrival.to_group && !to_group) return drop(DropReason::link_broadcast);
    const auto payload = payload_of(packet);
    if (!payload) return drop(DropReason::ip_header_truncated);
    if (payload->refused_at != 0) return drop(DropReason::ipv6_extension, payload->refused_at);
    if (payload->is_fragment) return drop(DropReason::ipv6_fragment);
    switch (static_cast<net::Protocol>(payload->protocol)) {
        case net::Protocol::icmp6:
            return note(c, layout::Step::icmp_receive,
                        icmp6::receive(c, packet, arrival, payload->at), arrival.interface);
        case net::Protocol::tcp:
        case net::Protocol::udp:
            return drop(to_group ? DropReason::group_not_joined : DropReason::port_unreachable);
        default: return drop(DropReason::protocol_unreachable, payload->named_at);
    }
}

}  // namespace sluice::ipv6
