// SPDX-License-Identifier: BSD-3-Clause
// Packets that the router itself sends.
#pragma once
#include <optional>

#include "dataplane/context.h"

namespace sluice::ipv4 {

// The address to speak from: the receiving interface's, or the router's first
// where that one has none.
std::optional<net::Ipv4Address> own_source(const Context& c, InterfaceId interface,
                                           net::Ipv4Address to) noexcept;

// Writes Ethernet type and IP header in front of a payload that lies ready behind them.
void fill_own_header(Context& c, Packet packet, net::Protocol protocol, net::Ipv4Address source,
                     net::Ipv4Address destination, uint8_t tos) noexcept;

// Routes a whole packet of the router's own and sends it, in fragments if it must.
// Takes the packet in any case; one that can go nowhere is counted as a drop.
void send_own(Context& c, Packet packet) noexcept;

}  // namespace sluice::ipv4
