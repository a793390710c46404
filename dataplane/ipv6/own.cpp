// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv6/own.h"

#include "dataplane/checksum.h"
#include "dataplane/discard.h"
#include "dataplane/ipv6/forward.h"
#include "dataplane/ipv6/route.h"

namespace sluice::ipv6 {

void fill_own_header(Packet packet, net::Protocol protocol, net::Ipv6Address source,
                     net::Ipv6Address destination, uint8_t hop_limit) noexcept {
    packet.ethernet().type = net::be16(static_cast<uint16_t>(net::EtherType::ipv6));
    net::Ipv6Header& ip = packet.ipv6();
    ip.version_class_flow = net::be32(6u << 28);
    ip.payload_length =
        net::be16(static_cast<uint16_t>(packet.length() - ethernet_header - sizeof ip));
    ip.next_header = static_cast<uint8_t>(protocol);
    ip.hop_limit = hop_limit;
    ip.source = net::Ipv6Field::of(source);
    ip.destination = net::Ipv6Field::of(destination);
}

void fill_icmp6_checksum(Packet packet) noexcept {
    constexpr uint32_t at = ethernet_header + sizeof(net::Ipv6Header);
    const uint32_t length = packet.length() - at;
    auto& message = *packet.header_at<net::IcmpHeader>(at);
    message.checksum = net::be16(0);
    message.checksum = net::checksum_of(
        sum_of(packet, at, length) + net::pseudo_sum(packet.ipv6(), length, net::Protocol::icmp6));
}

void send_own(Context& c, Packet packet, InterfaceId on) noexcept {
    Way way;
    Verdict v = find_way_out(c, packet.ipv6().destination_address(), on, way);
    if (v.is_passed()) v = output(c, packet, Arrival{}, way);
    if (v.is_drop()) discard(c, packet, Arrival{}, v);
}

}  // namespace sluice::ipv6
