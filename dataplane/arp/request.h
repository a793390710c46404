// SPDX-License-Identifier: BSD-3-Clause
// ARP packets that the router makes itself (RFC 826, RFC 5227).
#pragma once
#include "dataplane/context.h"

namespace sluice::arp {

// Asks who has `target`: everybody, or (a probe of a known neighbour) `to` alone.
void send_request(Context& c, InterfaceId interface, net::Ipv4Address target,
                  net::MacAddress to = net::broadcast_mac) noexcept;

// Tells everybody that `own` is at this interface's MAC address.
void announce(Context& c, InterfaceId interface, net::Ipv4Address own) noexcept;

// Writes an ARP frame over whatever the packet held, padded to the shortest frame.
void write_frame(Packet packet, uint16_t operation, net::MacAddress to, net::MacAddress sender_mac,
                 net::Ipv4Address sender, net::MacAddress target_mac,
                 net::Ipv4Address target) noexcept;

}  // namespace sluice::arp
