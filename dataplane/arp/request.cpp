// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/arp/request.h"

namespace sluice::arp {

void write_frame(Packet packet, uint16_t operation, net::MacAddress to, net::MacAddress sender_mac,
                 net::Ipv4Address sender, net::MacAddress target_mac,
                 net::Ipv4Address target) noexcept {
    packet.set_length(net::min_frame);
    std::memset(packet.data(), 0, net::min_frame);

    net::EthernetHeader& frame = packet.ethernet();
    frame.destination = to;
    frame.source = sender_mac;
    frame.type = net::be16(static_cast<uint16_t>(net::EtherType::arp));

    auto& arp = *packet.header_at<net::ArpPacket>(ethernet_header);
    arp.hardware_type = net::be16(net::arp_hardware_ethernet);
    arp.protocol_type = net::be16(static_cast<uint16_t>(net::EtherType::ipv4));
    arp.hardware_length = 6;
    arp.protocol_length = 4;
    arp.operation = net::be16(operation);
    arp.sender_mac = sender_mac;
    arp.sender_ip = net::be32(sender.value);
    arp.target_mac = target_mac;
    arp.target_ip = net::be32(target.value);
}

void send_request(Context& c, InterfaceId interface, net::Ipv4Address target,
                  net::MacAddress to) noexcept {
    const auto source = c.plan->source_towards(interface, target);
    if (!source) return;  // an interface without an address has no one to answer to
    const Packet packet = c.pool.allocate();
    if (!packet) return;
    write_frame(packet, net::arp_request, to, c.interface(interface).mac, *source, {}, target);
    c.tally(layout::Tally::arp_requests_sent);
    c.transmitter.send(interface, packet);
}

void announce(Context& c, InterfaceId interface, net::Ipv4Address own) noexcept {
    const Packet packet = c.pool.allocate();
    if (!packet) return;
    // RFC 5227 2.3: a request whose sender and target are both the address announced.
    write_frame(packet, net::arp_request, net::broadcast_mac, c.interface(interface).mac, own, {},
                own);
    c.tally(layout::Tally::arp_requests_sent);
    c.transmitter.send(interface, packet);
}

}  // namespace sluice::arp
