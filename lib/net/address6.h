// SPDX-License-Identifier: BSD-3-Clause
// IPv6 addresses as values (RFC 4291): address, prefix, address on an interface, their text forms.
//
// An Ipv6Address holds its 128 bits as two numbers in host order, so that prefixes and tables are
// plain arithmetic; wire6.h has the form that stands in a header.
#pragma once
#include <cassert>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/net/address.h"

namespace sluice::net {

struct Ipv6Address {
    uint64_t high = 0;  // the first eight bytes
    uint64_t low = 0;
    constexpr auto operator<=>(const Ipv6Address&) const noexcept = default;

    constexpr bool is_unspecified() const noexcept { return high == 0 && low == 0; }
    constexpr bool is_loopback() const noexcept { return high == 0 && low == 1; }
    constexpr bool is_multicast() const noexcept { return high >> 56 == 0xff; }
    constexpr bool is_link_local() const noexcept { return high >> 54 == 0xfe80 >> 6; }
    // ::ffff:0:0/96 and ::/96: an IPv4 address in the form of one of IPv6.
    constexpr bool is_ipv4_mapped() const noexcept { return high == 0 && low >> 32 == 0xffff; }
    constexpr bool is_ipv4_compatible() const noexcept { return high == 0 && low >> 32 == 0; }
};

struct Ipv6Prefix {
    Ipv6Address address;  // its first; bits beyond the length are zero
    uint8_t length = 0;   // 0 to 128
    constexpr auto operator<=>(const Ipv6Prefix&) const noexcept = default;

    // The prefix of this length that the address is in.
    static constexpr Ipv6Prefix of(Ipv6Address address, unsigned length) noexcept {
        assert(length <= 128);
        const uint64_t high = length >= 64 ? ~uint64_t{0} : top_bits(length);
        const uint64_t low = length <= 64 ? 0 : top_bits(length - 64);
        return {{address.high & high, address.low & low}, static_cast<uint8_t>(length)};
    }
    constexpr bool contains(Ipv6Address other) const noexcept {
        return of(other, length).address == address;
    }
    constexpr bool contains(Ipv6Prefix other) const noexcept {
        return other.length >= length && contains(other.address);
    }

  private:
    static constexpr uint64_t top_bits(unsigned n) noexcept {
        return n == 0 ? 0 : ~uint64_t{0} << (64 - n);
    }
};

// An address on an interface together with its network's length: 2001:db8:1::1/64.
struct Ipv6InterfaceAddress {
    Ipv6Address address;
    uint8_t length = 0;
    constexpr auto operator<=>(const Ipv6InterfaceAddress&) const noexcept = default;

    constexpr Ipv6Prefix network() const noexcept { return Ipv6Prefix::of(address, length); }
    // RFC 4291 2.6.1: the network's own address is that of any router on it; on a link between two
    // (RFC 6164) it is a host's.
    constexpr bool has_anycast() const noexcept { return length < 127; }
};

inline constexpr Ipv6Address all_nodes{0xff02'0000'0000'0000, 1};
inline constexpr Ipv6Address all_routers{0xff02'0000'0000'0000, 2};

// RFC 4291 2.7.1: the group of all who may have this address, by its last 24 bits.
constexpr Ipv6Address solicited_node(Ipv6Address a) noexcept {
    return {0xff02'0000'0000'0000, 0x0000'0001'ff00'0000 | (a.low & 0xff'ffff)};
}
// RFC 4291 2.5.6 and appendix A: fe80:: and the MAC address, as EUI-64.
constexpr Ipv6Address link_local_of(MacAddress mac) noexcept {
    const auto& b = mac.bytes;
    const uint64_t id = uint64_t{b[0]} << 56 | uint64_t{b[1]} << 48 | uint64_t{b[2]} << 40 |
                        0xff'fe00'0000 | uint64_t{b[3]} << 16 | uint64_t{b[4]} << 8 | b[5];
    return {0xfe80'0000'0000'0000, id ^ uint64_t{0x02} << 56};
}
// RFC 2464 7: the MAC address that packets to a group go to.
constexpr MacAddress mac_of_group(Ipv6Address group) noexcept {
    const auto byte = [&](unsigned n) { return static_cast<uint8_t>(group.low >> (8 * n)); };
    return {{0x33, 0x33, byte(3), byte(2), byte(1), byte(0)}};
}

// Text to value (RFC 4291 2.2, 2.3); nothing where the text is not exactly one such value.
std::optional<Ipv6Address> parse_address6(std::string_view text) noexcept;
std::optional<Ipv6InterfaceAddress> parse_interface_address6(std::string_view text) noexcept;

// As RFC 5952 wants it.
std::string to_string(Ipv6Address address);
std::string to_string(Ipv6Prefix prefix);
std::string to_string(Ipv6InterfaceAddress address);

}  // namespace sluice::net
