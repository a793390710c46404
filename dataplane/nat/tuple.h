// SPDX-License-Identifier: BSD-3-Clause
// What of a packet the NAT looks at: its 5-tuple, and where its transport header lies.
#pragma once
#include <cstdint>
#include <utility>

#include "dataplane/packet.h"
#include "lib/flow/key.h"
#include "lib/nat/mapping.h"

namespace sluice::nat {

struct Tuple {
    enum class Kind : uint8_t {
        ports,       // TCP or UDP
        query,       // ICMP query; its identifier stands for a port (RFC 5508 3)
        addresses,   // any other protocol, of which only the addresses are translated
        error,       // ICMP error: belongs to the session of the packet that it quotes
        fragment,    // not the first: belongs to the session of the first
        unreadable,  // cut short before the end of what would have to be rewritten
    };
    Kind kind = Kind::unreadable;
    uint8_t tcp_flags = 0;
    uint32_t transport = 0;  // where its header begins, from the frame's start
    flow::FlowKey key{};     // ports are zero where there are none

    bool is_tcp() const noexcept { return key.protocol == net::Protocol::tcp; }
};

namespace tcp {
inline constexpr uint8_t fin = 0x01, syn = 0x02, rst = 0x04, ack = 0x10;
}

// Reads no byte beyond the IP packet, nor beyond the first buffer.
// Expects: validate() accepted the packet.
Tuple read_tuple(const Packet& packet) noexcept;

// Whether an ICMP message asks or answers something, by an identifier (RFC 5508 3.1).
enum class QueryPart : uint8_t { none, request, reply };
QueryPart query_part(uint8_t icmp_type) noexcept;

// What shares out ports for the protocol; `address` where the protocol has none.
constexpr PortClass class_of(uint8_t protocol) noexcept {
    if (protocol == net::Protocol::tcp) return PortClass::tcp;
    if (protocol == net::Protocol::udp) return PortClass::udp;
    return protocol == net::Protocol::icmp ? PortClass::icmp : PortClass::address;
}

// Whether the packet can be the first of a flow: TCP's SYN, the asking part of an ICMP query,
// anything else that is no error and not a later fragment.
inline bool opens_flow(const Tuple& t) noexcept {
    if (t.is_tcp()) return (t.tcp_flags & (tcp::syn | tcp::ack | tcp::rst)) == tcp::syn;
    return t.kind != Tuple::Kind::query || t.key.destination_port.raw() == 0;
}

// Where in its transport header a protocol has a checksum that covers the addresses; 0: nowhere.
constexpr uint32_t checksum_offset(uint8_t protocol) noexcept {
    constexpr uint8_t dccp = 33, udp_lite = 136;
    if (protocol == net::Protocol::tcp) return 16;
    if (protocol == net::Protocol::udp || protocol == dccp || protocol == udp_lite) return 6;
    return 0;
}

}  // namespace sluice::nat
