// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/clamp_mss.h"

#include "lib/net/checksum.h"

namespace sluice::tunnel {
namespace {

constexpr uint32_t tcp_header = 20;
constexpr uint8_t end_of_options = 0, no_operation = 1, maximum_segment_size = 2;

// Where the option's value lies in the TCP header; 0 where there is none.
uint32_t find_mss(const uint8_t* tcp, uint32_t length) noexcept {
    for (uint32_t at = tcp_header; at + 1 < length;) {
        if (tcp[at] == end_of_options) return 0;
        if (tcp[at] == no_operation) {
            ++at;
            continue;
        }
        if (tcp[at] == maximum_segment_size && tcp[at + 1] == 4 && at + 4 <= length) return at + 2;
        if (tcp[at + 1] < 2) return 0;
        at += tcp[at + 1];
    }
    return 0;
}

net::Be16 load(const uint8_t* from) noexcept {
    uint16_t raw;
    std::memcpy(&raw, from, sizeof raw);
    return net::Be16::from_raw(raw);
}

void store(uint8_t* to, net::Be16 value) noexcept {
    const uint16_t raw = value.raw();
    std::memcpy(to, &raw, sizeof raw);
}

// What the word at `at` counts for in a checksum: a word that begins at an odd place counts with
// its bytes swapped (RFC 1071 2B).
net::Be16 as_summed(net::Be16 word, uint32_t at) noexcept {
    return (at & 1) == 0 ? word : net::Be16::from_raw(__builtin_bswap16(word.raw()));
}

// Of the TCP header at an offset. `fits`: what is left for TCP and its data.
void clamp_tcp(const Packet& packet, uint32_t at, uint32_t fits) noexcept {
    if (at + tcp_header > packet.contiguous()) return;
    uint8_t* tcp = packet.data() + at;
    if ((tcp[13] & tcp_syn) == 0) return;
    const uint32_t length = std::min<uint32_t>((tcp[12] >> 4) * 4u, packet.contiguous() - at);
    const uint32_t value_at = find_mss(tcp, length);
    if (value_at == 0) return;

    const auto most = static_cast<uint16_t>(fits - tcp_header);
    const net::Be16 before = load(tcp + value_at);
    if (fits <= tcp_header || before.host() <= most) return;
    store(tcp + value_at, net::be16(most));
    constexpr uint32_t checksum_at = 16;
    store(tcp + checksum_at,
          net::checksum_adjust(load(tcp + checksum_at), as_summed(before, value_at),
                               as_summed(net::be16(most), value_at)));
}

}  // namespace

void clamp_mss(const Packet& packet, uint32_t mtu) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    if (ip.protocol != net::Protocol::tcp || ip.fragment_offset() != 0 || mtu <= sizeof ip) return;
    clamp_tcp(packet, ethernet_header + ip.header_length(), mtu - static_cast<uint32_t>(sizeof ip));
}

void clamp_mss6(const Packet& packet, uint32_t mtu) noexcept {
    constexpr uint32_t header = sizeof(net::Ipv6Header);
    if (packet.ipv6().next_header != net::Protocol::tcp || mtu <= header) return;
    clamp_tcp(packet, ethernet_header + header, mtu - header);
}

}  // namespace sluice::tunnel
