// SPDX-License-Identifier: BSD-3-Clause
// Into a tunnel: an outer header in front of a packet, which then goes where its remote is
// (RFC 2784, RFC 2890, RFC 2003 3.1, RFC 6040 4.1).
#pragma once
#include "dataplane/context.h"
#include "dataplane/tunnel/tunnels.h"

namespace sluice::tunnel {

inline constexpr unsigned most_nested = 4;  // tunnels in tunnels

// Expects:  a whole and true IP packet that fits the tunnel's MTU, its time to live spent.
// Finishes: sends it; the outer packet is routed anew each time, so that it follows its route.
// Drops:    interface_down, tunnel_returns, tunnel_loop, tunnel_too_deep, no_buffer, and what the
//           way to the remote drops; the packet is then as it came.
Verdict send(Context& c, Packet packet, const Arrival& arrival, InterfaceId out) noexcept;

// What the outer header takes over from what it carries.
struct Inherited {
    uint8_t tos;
    uint8_t ttl;
    bool dont_fragment;
};
Inherited inherited_from(const net::Ipv4Header& inner, const layout::Tunnel& wish) noexcept;

// What a tunnel carries, other than plain IPv4.
struct Load {
    net::EtherType type;
    Inherited inherited;
    uint32_t hash;  // of the flow inside, by which equal paths are chosen
};
// The same for any load, which begins behind an Ethernet header's worth of bytes.
Verdict send_load(Context& c, Packet packet, const Tunnel& t, const Load& load) noexcept;

// Asks the other end for a sign of life: a packet that is addressed to ourselves, which it takes
// out and forwards back. Only GRE can tell it from others.
void send_keepalive(Context& c, InterfaceId out) noexcept;

}  // namespace sluice::tunnel
