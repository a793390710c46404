// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/arp_speaker.h"

#include <cstring>

namespace sluice::generator {
namespace {

constexpr uint32_t arp_length = sizeof(net::EthernetHeader) + sizeof(net::ArpPacket);

constexpr net::Be16 type_of(net::EtherType type) { return net::be16(static_cast<uint16_t>(type)); }

}  // namespace

ArpSpeaker::ArpSpeaker(net::MacAddress mac, net::Ipv4Address own, net::Ipv4Prefix hosts,
                       net::Ipv4Address gateway)
    : mac_(mac), own_(own), hosts_(hosts), gateway_(gateway) {}

std::optional<ArpFrame> ArpSpeaker::receive(const uint8_t* frame, uint32_t length) {
    if (length < arp_length || !is_arp(frame, length)) return {};
    net::ArpPacket arp;
    std::memcpy(&arp, frame + sizeof(net::EthernetHeader), sizeof arp);
    if (arp.protocol_type != type_of(net::EtherType::ipv4)) return {};
    if (arp.sender_ip.host() == gateway_.value) gateway_mac_ = arp.sender_mac;
    const net::Ipv4Address target{arp.target_ip.host()};
    const bool asks_for_us = arp.operation.host() == net::arp_request &&
                             (target == own_ || hosts_.contains(target)) && target != gateway_;
    if (!asks_for_us) return {};
    return this->frame(net::arp_reply, arp.sender_mac, target, arp.sender_mac,
                       {arp.sender_ip.host()});
}

ArpFrame ArpSpeaker::request() const {
    return frame(net::arp_request, net::broadcast_mac, own_, {}, gateway_);
}

ArpFrame ArpSpeaker::frame(uint16_t operation, net::MacAddress to, net::Ipv4Address sender,
                           net::MacAddress target_mac, net::Ipv4Address target) const {
    const net::EthernetHeader ethernet{to, mac_, type_of(net::EtherType::arp)};
    const net::ArpPacket arp{net::be16(net::arp_hardware_ethernet),
                             type_of(net::EtherType::ipv4),
                             6,
                             4,
                             net::be16(operation),
                             mac_,
                             net::be32(sender.value),
                             target_mac,
                             net::be32(target.value)};
    ArpFrame bytes{};
    std::memcpy(bytes.data(), &ethernet, sizeof ethernet);
    std::memcpy(bytes.data() + sizeof ethernet, &arp, sizeof arp);
    return bytes;
}

}  // namespace sluice::generator
