// SPDX-License-Identifier: BSD-3-Clause
// Headers as they stand on the wire. Every field is in network order and aligned to one byte,
// so a header may be laid over any address once its length has been shown to be there.
#pragma once
#include <cstdint>

#include "lib/net/address.h"
#include "lib/net/byte_order.h"

namespace sluice::net {

enum class EtherType : uint16_t {
    ipv4 = 0x0800,
    arp = 0x0806,
    vlan = 0x8100,
    transparent_bridging = 0x6558,  // an Ethernet frame inside GRE
    ipv6 = 0x86dd,
    qinq = 0x88a8,
};

struct EthernetHeader {
    MacAddress destination;
    MacAddress source;
    Be16 type;
};
static_assert(sizeof(EthernetHeader) == 14);

// Without its frame check sequence, the shortest frame that Ethernet carries.
inline constexpr uint32_t min_frame = 60;

// RFC 826, for Ethernet and IPv4.
struct ArpPacket {
    Be16 hardware_type;
    Be16 protocol_type;
    uint8_t hardware_length;
    uint8_t protocol_length;
    Be16 operation;
    MacAddress sender_mac;
    Be32 sender_ip;
    MacAddress target_mac;
    Be32 target_ip;
};
static_assert(sizeof(ArpPacket) == 28);

inline constexpr uint16_t arp_hardware_ethernet = 1;
inline constexpr uint16_t arp_request = 1;
inline constexpr uint16_t arp_reply = 2;

// RFC 791 3.1
struct Ipv4Header {
    uint8_t version_and_length;
    uint8_t tos;
    Be16 total_length;
    Be16 identification;
    Be16 flags_and_offset;
    uint8_t ttl;
    uint8_t protocol;
    Be16 checksum;
    Be32 source;
    Be32 destination;

    unsigned version() const noexcept { return version_and_length >> 4; }
    unsigned header_length() const noexcept { return (version_and_length & 15u) * 4; }
    Ipv4Address source_address() const noexcept { return {source.host()}; }
    Ipv4Address destination_address() const noexcept { return {destination.host()}; }
    bool dont_fragment() const noexcept { return (flags_and_offset.host() & 0x4000) != 0; }
    bool more_fragments() const noexcept { return (flags_and_offset.host() & 0x2000) != 0; }
    unsigned fragment_offset() const noexcept { return (flags_and_offset.host() & 0x1fffu) * 8; }
    bool is_fragment() const noexcept { return (flags_and_offset.host() & 0x3fff) != 0; }
};
static_assert(sizeof(Ipv4Header) == 20);

inline constexpr uint16_t ipv4_dont_fragment = 0x4000;
inline constexpr uint16_t ipv4_more_fragments = 0x2000;

enum class Protocol : uint8_t {
    icmp = 1,
    igmp = 2,
    ipip = 4,
    tcp = 6,
    udp = 17,
    ipv6 = 41,  // in IPv4 (RFC 4213)
    gre = 47,
    icmp6 = 58,
};
constexpr bool operator==(uint8_t byte, Protocol p) noexcept {
    return byte == static_cast<uint8_t>(p);
}

// RFC 792: the first eight bytes that all messages share.
struct IcmpHeader {
    uint8_t type;
    uint8_t code;
    Be16 checksum;
    Be16 word1;  // echo: identifier
    Be16 word2;  // echo: sequence number; fragmentation needed: next-hop MTU (RFC 1191)
};
static_assert(sizeof(IcmpHeader) == 8);

namespace icmp {
inline constexpr uint8_t echo_reply = 0;
inline constexpr uint8_t unreachable = 3;
inline constexpr uint8_t source_quench = 4;
inline constexpr uint8_t redirect = 5;
inline constexpr uint8_t echo_request = 8;
inline constexpr uint8_t time_exceeded = 11;
inline constexpr uint8_t parameter_problem = 12;
inline constexpr uint8_t timestamp_request = 13;
inline constexpr uint8_t timestamp_reply = 14;
inline constexpr uint8_t information_request = 15;
inline constexpr uint8_t information_reply = 16;
inline constexpr uint8_t mask_request = 17;
inline constexpr uint8_t mask_reply = 18;

// Codes of Destination Unreachable (RFC 792; 9 to 15 by RFC 1812 5.2.7.1).
inline constexpr uint8_t net_unreachable = 0;
inline constexpr uint8_t host_unreachable = 1;
inline constexpr uint8_t protocol_unreachable = 2;
inline constexpr uint8_t port_unreachable = 3;
inline constexpr uint8_t fragmentation_needed = 4;
inline constexpr uint8_t source_route_failed = 5;
inline constexpr uint8_t administratively_prohibited = 13;

// Errors quote a packet; no error is ever sent about one of these (RFC 1812 4.3.2.7).
constexpr bool is_error(uint8_t type) noexcept {
    return type == unreachable || type == source_quench || type == redirect ||
           type == time_exceeded || type == parameter_problem;
}
}  // namespace icmp

// RFC 2784 2; optional words follow (RFC 2890).
struct GreHeader {
    Be16 flags;  // and version
    Be16 protocol;
};
static_assert(sizeof(GreHeader) == 4);

struct UdpHeader {
    Be16 source_port;
    Be16 destination_port;
    Be16 length;
    Be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8);

}  // namespace sluice::net
