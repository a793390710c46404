// SPDX-License-Identifier: BSD-3-Clause
// A TCP segment of the router's own: never more than its header.
#pragma once
#include "dataplane/packet.h"
#include "lib/net/checksum.h"
#include "lib/net/wire.h"

namespace sluice::nat {

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
};
static_assert(sizeof(TcpHeader) == 20);
inline constexpr uint8_t tcp_offset = sizeof(TcpHeader) / 4 << 4;

// Of a segment without data or options, whose checksum is 0.
inline net::Be16 checksum_of(const TcpHeader& tcp, const net::Ipv4Header& ip) noexcept {
    const uint64_t pseudo = net::sum_words(&ip.source, 8) +
                            net::be16(static_cast<uint8_t>(net::Protocol::tcp)).raw() +
                            net::be16(sizeof tcp).raw();
    return net::checksum_of(pseudo + net::sum_words(&tcp, sizeof tcp));
}

}  // namespace sluice::nat
