// SPDX-License-Identifier: BSD-3-Clause
// How many bytes a tunnel puts in front of a packet; one that carries frames counts their Ethernet
// header too, so that its MTU says how large the hosts' packets may be.
#pragma once
#include <cstdint>

#include "lib/layout/snapshot.h"
#include "lib/net/wire.h"

namespace sluice::tunnel {

constexpr uint32_t overhead_of(const layout::Tunnel& wish) noexcept {
    constexpr uint32_t outer = sizeof(net::Ipv4Header);
    if (wish.kind != layout::TunnelKind::gre) return outer;
    const uint32_t words = (wish.checksum != 0) + (wish.has_key != 0) + (wish.sequence != 0);
    const auto udp = static_cast<uint32_t>(wish.udp_port != 0 ? sizeof(net::UdpHeader) : 0);
    const uint32_t frame = wish.port != layout::no_interface ? sizeof(net::EthernetHeader) : 0;
    return outer + udp + static_cast<uint32_t>(sizeof(net::GreHeader)) + 4 * words + frame;
}

}  // namespace sluice::tunnel
