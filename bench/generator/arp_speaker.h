// SPDX-License-Identifier: BSD-3-Clause
// Speaks ARP for the hosts that a port pretends to be, and asks for the router's address (RFC 826).
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "lib/net/wire.h"

namespace sluice::generator {

using ArpFrame = std::array<uint8_t, net::min_frame>;

class ArpSpeaker {
  public:
    // `hosts` are answered for as well as `own`.
    ArpSpeaker(net::MacAddress mac, net::Ipv4Address own, net::Ipv4Prefix hosts,
               net::Ipv4Address gateway);

    static bool is_arp(const uint8_t* frame, uint32_t length) noexcept {
        constexpr auto arp = static_cast<uint16_t>(net::EtherType::arp);
        return length >= sizeof(net::EthernetHeader) &&
               reinterpret_cast<const net::EthernetHeader*>(frame)->type == net::be16(arp);
    }
    // What is to be answered, if anything; learns the gateway's MAC address from what it says.
    std::optional<ArpFrame> receive(const uint8_t* frame, uint32_t length);
    ArpFrame request() const;
    std::optional<net::MacAddress> gateway_mac() const { return gateway_mac_; }

  private:
    ArpFrame frame(uint16_t operation, net::MacAddress to, net::Ipv4Address sender,
                   net::MacAddress target_mac, net::Ipv4Address target) const;
    const net::MacAddress mac_;
    const net::Ipv4Address own_;
    const net::Ipv4Prefix hosts_;
    const net::Ipv4Address gateway_;
    std::optional<net::MacAddress> gateway_mac_;
};

}  // namespace sluice::generator
