// SPDX-License-Identifier: BSD-3-Clause
// Lowers the maximum segment size that a TCP SYN offers (RFC 9293 3.7.1), so that no segment is too
// large for a tunnel, whoever filters the ICMP messages that would say so.
#pragma once
#include "dataplane/packet.h"

namespace sluice::tunnel {

inline constexpr uint8_t tcp_syn = 0x02;  // in the flags

// Expect a whole header of IPv4, or of IPv6. Leave alone what is no SYN, offers less already, or is
// malformed. `mtu`: of the tunnel.
void clamp_mss(const Packet& packet, uint32_t mtu) noexcept;
void clamp_mss6(const Packet& packet, uint32_t mtu) noexcept;

}  // namespace sluice::tunnel
