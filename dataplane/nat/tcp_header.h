// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "dataplane/packet.h"
#include "lib/net/checksum.h"
#include "lib/net/wire.h"

namespace sluice::nat {

// RFC 9293 3.1
struct TcpHeader {
    net::Be16 source_port;
    net::Be16 destination_port;
    net::Be32 sequence;
    net::Be32 acknowledgement;
    uint8_t offset;  // of the data, in words; upper half
    uint8_t flags;
    net::Be16 window;
    net::Be16 checksum;
    net::Be16 urgent;

    uint32_t length() const noexcept { return (offset >> 4) * 4u; }
};
static_assert(sizeof(TcpHeader) == 20);
inline constexpr uint8_t tcp_offset = sizeof(TcpHeader) / 4 << 4;

// What the checksum covers beside the segment.
inline uint64_t tcp_pseudo_sum(const net::Ipv4Header& ip, uint16_t segment_bytes) noexcept {
    return net::sum_words(&ip.source, 8) +
           net::be16(static_cast<uint8_t>(net::Protocol::tcp)).raw() +
           net::be16(segment_bytes).raw();
}

// Of a segment of the router's own, without data or options, whose checksum is 0.
inline net::Be16 checksum_of(const TcpHeader& tcp, const net::Ipv4Header& ip) noexcept {
    return net::checksum_of(tcp_pseudo_sum(ip, sizeof tcp) + net::sum_words(&tcp, sizeof tcp));
}

}  // namespace sluice::nat
