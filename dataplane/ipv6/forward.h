// SPDX-License-Identifier: BSD-3-Clause
// Forwards an IPv6 packet one hop and sends it on its link (RFC 8200). Never in fragments: what is
// too big goes back to its source, which has to send smaller ones (RFC 8200 4.5, RFC 8201).
// Extension headers are not looked at, nor are hop-by-hop options (RFC 8200 4.3 lets routers leave
// them alone).
#pragma once
#include "dataplane/context.h"

namespace sluice::ipv6 {

// Expects:  validated, screened and routed; the way leads out.
// Drops:    ttl_expired, link_broadcast, and what output() drops. The packet is then as it came.
Verdict forward(Context& c, Packet packet, const Arrival& arrival, const Way& way) noexcept;

// Sends a routed packet on its link, by whatever that is.
// Drops:    too_big (detail: the MTU), interface_down, and what tunnel::send() and arp::send_to()
//           drop.
Verdict output(Context& c, Packet packet, const Arrival& arrival, const Way& way) noexcept;

// What fits the interface. A tunnel takes what every link must, whatever is on its way: its outer
// packets are then fragmented (RFC 4213 3.2.2).
uint32_t mtu_of(const Context& c, InterfaceId id) noexcept;

}  // namespace sluice::ipv6
