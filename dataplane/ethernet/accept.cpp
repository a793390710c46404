// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ethernet/accept.h"

namespace sluice::ethernet {

Verdict accept(const Context& c, const Packet& packet, Arrival& arrival) noexcept {
    const auto* frame = packet.header_at<net::EthernetHeader>(0);
    if (frame == nullptr) return drop(DropReason::frame_too_short);
    if (frame->source.is_multicast()) return drop(DropReason::frame_bad_source);

    arrival.to_group = frame->destination.is_multicast();
    if (!arrival.to_group && frame->destination != c.interface(arrival.interface).mac) {
        return drop(DropReason::frame_not_for_us);
    }
    switch (static_cast<net::EtherType>(frame->type.host())) {
        case net::EtherType::ipv4:
        case net::EtherType::arp: return passed();
        case net::EtherType::ipv6:
            return c.plan->ipv6 != nullptr && c.plan->ipv6->is_on(arrival.interface)
                       ? passed()
                       : drop(DropReason::ipv6_not_routed);
        case net::EtherType::vlan:
        case net::EtherType::qinq: return drop(DropReason::vlan_not_accepted);
        case net::EtherType::transparent_bridging: break;
    }
    return drop(DropReason::ethertype_unknown);
}

}  // namespace sluice::ethernet
