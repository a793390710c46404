// SPDX-License-Identifier: BSD-3-Clause
// Headers of IPv6, its ICMP and Neighbour Discovery, as they stand on the wire (see wire.h).
#pragma once
#include <cstdint>

#include "lib/net/address6.h"
#include "lib/net/checksum.h"
#include "lib/net/wire.h"

namespace sluice::net {

struct Ipv6Field {
    Be64 high;
    Be64 low;

    constexpr Ipv6Address host() const noexcept { return {high.host(), low.host()}; }
    static constexpr Ipv6Field of(Ipv6Address a) noexcept {
        return {Be64::from_host(a.high), Be64::from_host(a.low)};
    }
};
static_assert(sizeof(Ipv6Field) == 16 && alignof(Ipv6Field) == 1);

// RFC 8200 3
struct Ipv6Header {
    Be32 version_class_flow;
    Be16 payload_length;
    uint8_t next_header;
    uint8_t hop_limit;
    Ipv6Field source;
    Ipv6Field destination;

    unsigned version() const noexcept { return version_class_flow.host() >> 28; }
    uint8_t traffic_class() const noexcept {
        return static_cast<uint8_t>(version_class_flow.host() >> 20);
    }
    void set_traffic_class(uint8_t value) noexcept {
        version_class_flow =
            be32((version_class_flow.host() & 0xf00fffff) | static_cast<uint32_t>(value) << 20);
    }
    uint32_t total_length() const noexcept {
        return static_cast<uint32_t>(sizeof *this) + payload_length.host();
    }
    Ipv6Address source_address() const noexcept { return source.host(); }
    Ipv6Address destination_address() const noexcept { return destination.host(); }
};
static_assert(sizeof(Ipv6Header) == 40);

inline constexpr uint32_t least_ipv6_mtu = 1280;  // of any link (RFC 8200 5)

// RFC 8200 4: headers between IPv6's and the transport's, by the number that announces them.
namespace extension {
inline constexpr uint8_t hop_by_hop = 0, routing = 43, fragment = 44, authentication = 51,
                         no_next = 59, destination_options = 60;
}

struct FragmentHeader {
    uint8_t next_header;
    uint8_t reserved;
    Be16 offset_and_more;
    Be32 identification;
};
static_assert(sizeof(FragmentHeader) == 8);

// RFC 4443, RFC 4861; the header is IcmpHeader, of 32 bits behind the checksum.
namespace icmp6 {
inline constexpr uint8_t unreachable = 1, too_big = 2, time_exceeded = 3, parameter_problem = 4,
                         echo_request = 128, echo_reply = 129, router_solicitation = 133,
                         router_advertisement = 134, neighbour_solicitation = 135,
                         neighbour_advertisement = 136, redirect = 137;

// Codes of Destination Unreachable (RFC 4443 3.1).
inline constexpr uint8_t no_route = 0, prohibited = 1, beyond_scope = 2, address_unreachable = 3,
                         port_unreachable = 4;
// Codes of Parameter Problem (RFC 4443 3.4).
inline constexpr uint8_t unknown_next_header = 1, unknown_option = 2;

// RFC 4443 2.1: errors have the highest bit clear.
constexpr bool is_error(uint8_t type) noexcept { return type < 128; }
}  // namespace icmp6

// RFC 4861 4.3, 4.4: solicitation and advertisement of a neighbour, without their options.
struct NeighbourMessage {
    IcmpHeader header;  // word1: the flags of an advertisement
    Ipv6Field target;
};
static_assert(sizeof(NeighbourMessage) == 24);

namespace nd {
inline constexpr uint16_t is_router = 0x8000, solicited = 0x4000, overrides = 0x2000;
inline constexpr uint8_t source_address = 1, target_address = 2, prefix_information = 3, mtu = 5;
inline constexpr uint8_t hop_limit = 255;  // of every message, so that it has crossed no router
}  // namespace nd

// RFC 4861 4.6.1
struct LinkAddressOption {
    uint8_t type;
    uint8_t words;  // of eight bytes: 1
    MacAddress mac;
};
static_assert(sizeof(LinkAddressOption) == 8);

// RFC 4861 4.2, 4.6.2, 4.6.4
struct RouterAdvertisement {
    IcmpHeader header;  // word1: hop limit and flags; word2: for how many seconds it is a router
    Be32 reachable_ms;
    Be32 retransmit_ms;
};
static_assert(sizeof(RouterAdvertisement) == 16);

struct PrefixOption {
    uint8_t type;
    uint8_t words;  // 4
    uint8_t length;
    uint8_t flags;
    Be32 valid_s;
    Be32 preferred_s;
    Be32 reserved;
    Ipv6Field prefix;
};
static_assert(sizeof(PrefixOption) == 32);

struct MtuOption {
    uint8_t type;
    uint8_t words;  // 1
    Be16 reserved;
    Be32 mtu;
};
static_assert(sizeof(MtuOption) == 8);

// RFC 8200 8.1: what a checksum of ICMPv6, TCP or UDP covers besides the `length` bytes of its own.
inline uint64_t pseudo_sum(const Ipv6Header& ip, uint32_t length, Protocol protocol) noexcept {
    return sum_words(&ip.source, 2 * sizeof ip.source) + be32(length).raw() +
           be32(static_cast<uint32_t>(protocol)).raw();
}

}  // namespace sluice::net
