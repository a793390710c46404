// SPDX-License-Identifier: BSD-3-Clause
// Addresses as values: IPv4 address, IPv4 prefix, MAC address, and their text forms.
//
// An Ipv4Address holds its 32 bits in host order, so that prefixes and tables are plain
// arithmetic; wire.h has the form that stands in a header.
#pragma once
#include <array>
#include <cassert>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net {

struct Ipv4Address {
    uint32_t value = 0;  // host order
    constexpr auto operator<=>(const Ipv4Address&) const noexcept = default;

    constexpr bool is_unspecified() const noexcept { return value == 0; }
    constexpr bool is_this_network() const noexcept { return value >> 24 == 0; }
    constexpr bool is_loopback() const noexcept { return value >> 24 == 127; }
    constexpr bool is_multicast() const noexcept { return value >> 28 == 0xe; }
    constexpr bool is_limited_broadcast() const noexcept { return value == 0xffffffff; }
    constexpr bool is_reserved() const noexcept { return value >> 28 == 0xf; }
};

constexpr Ipv4Address addr(uint8_t a, uint8_t b, uint8_t c, uint8_t d) noexcept {
    return {static_cast<uint32_t>(a) << 24 | static_cast<uint32_t>(b) << 16 |
            static_cast<uint32_t>(c) << 8 | d};
}

// A prefix: 10.0.0.0/8. Ordered by address, then the shorter first, as a trie is walked.
struct Ipv4Prefix {
    Ipv4Address address;  // its first; bits beyond the length are zero
    uint8_t length = 0;   // 0 to 32
    constexpr auto operator<=>(const Ipv4Prefix&) const noexcept = default;

    // The prefix of this length that the address is in.
    static constexpr Ipv4Prefix of(Ipv4Address address, unsigned length) noexcept {
        assert(length <= 32);
        const Ipv4Prefix prefix{address, static_cast<uint8_t>(length)};
        return {{address.value & prefix.mask()}, prefix.length};
    }
    constexpr uint32_t mask() const noexcept {
        return length == 0 ? 0 : ~uint32_t{0} << (32 - length);
    }
    constexpr Ipv4Address last() const noexcept { return {address.value | ~mask()}; }
    constexpr bool contains(Ipv4Address other) const noexcept {
        return (other.value & mask()) == address.value;
    }
    constexpr bool contains(Ipv4Prefix other) const noexcept {
        return other.length >= length && contains(other.address);
    }
};

// An address on an interface together with its network's length: 10.0.0.1/24.
struct InterfaceAddress {
    Ipv4Address address;
    uint8_t length = 32;
    constexpr auto operator<=>(const InterfaceAddress&) const noexcept = default;

    constexpr Ipv4Prefix network() const noexcept { return Ipv4Prefix::of(address, length); }
    // Directed broadcast exists only where the network has room for it (RFC 3021).
    constexpr bool has_broadcast() const noexcept { return length < 31; }
};

struct MacAddress {
    std::array<uint8_t, 6> bytes{};
    constexpr auto operator<=>(const MacAddress&) const noexcept = default;

    constexpr bool is_multicast() const noexcept { return (bytes[0] & 1) != 0; }
    constexpr bool is_zero() const noexcept { return *this == MacAddress{}; }
    // The six bytes as the low 48 bits of an integer, first byte lowest: storing that integer
    // little-endian writes them in wire order.
    constexpr uint64_t as_bits() const noexcept {
        uint64_t bits = 0;
        for (unsigned i = 0; i < 6; ++i) bits |= static_cast<uint64_t>(bytes[i]) << (8 * i);
        return bits;
    }
    static constexpr MacAddress from_bits(uint64_t bits) noexcept {
        MacAddress mac;
        for (unsigned i = 0; i < 6; ++i) mac.bytes[i] = static_cast<uint8_t>(bits >> (8 * i));
        return mac;
    }
};

inline constexpr MacAddress broadcast_mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

// Text to value; nothing where the text is not exactly one such value. Leading zeros
// ("010.0.0.1") are refused, since readers disagree about their meaning.
std::optional<Ipv4Address> parse_address(std::string_view text) noexcept;
// "10.0.0.0/8"; host bits set is refused (see parse_interface_address for those).
std::optional<Ipv4Prefix> parse_prefix(std::string_view text) noexcept;
std::optional<InterfaceAddress> parse_interface_address(std::string_view text) noexcept;
std::optional<MacAddress> parse_mac(std::string_view text) noexcept;

std::string to_string(Ipv4Address address);
std::string to_string(Ipv4Prefix prefix);
std::string to_string(InterfaceAddress address);
std::string to_string(MacAddress mac);

}  // namespace sluice::net
