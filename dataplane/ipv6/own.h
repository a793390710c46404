// SPDX-License-Identifier: BSD-3-Clause
// IPv6 packets that the router itself sends.
#pragma once
#include "dataplane/context.h"

namespace sluice::ipv6 {

inline constexpr uint8_t usual_hop_limit = 64;

// Writes Ethernet type and IPv6 header in front of a payload that lies ready behind them.
void fill_own_header(Packet packet, net::Protocol protocol, net::Ipv6Address source,
                     net::Ipv6Address destination, uint8_t hop_limit = usual_hop_limit) noexcept;

// The checksum of the ICMPv6 message that fills the packet behind its IPv6 header.
void fill_icmp6_checksum(Packet packet) noexcept;

// Routes a whole packet of the router's own and sends it; `on`: of a link-local destination, where
// it is. Takes the packet in any case; one that can go nowhere is counted as a drop.
void send_own(Context& c, Packet packet, InterfaceId on) noexcept;

}  // namespace sluice::ipv6
