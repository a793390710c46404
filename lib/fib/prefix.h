// SPDX-License-Identifier: BSD-3-Clause
// What a route is to the FIB: a prefix and the id of where its packets go.
// Addresses are in host byte order throughout this room.
#pragma once
#include <cassert>
#include <compare>
#include <cstdint>

namespace sluice::fib {

// Index into the caller's table of next hops. 0 means "no route" and is never a route's value;
// the reader returns whatever the table holds, so the caller bounds it by his own table's size.
using NextHopId = std::uint16_t;
inline constexpr NextHopId no_route = 0;
inline constexpr NextHopId max_next_hop = 0x7fff;

// Ordered by address, then the shorter first: the order in which a trie is walked.
struct Prefix {
    std::uint32_t address = 0;  // bits beyond the length are zero
    std::uint8_t length = 0;    // 0 to 32

    static constexpr std::uint32_t mask(unsigned length) {
        return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
    }
    static constexpr Prefix of(std::uint32_t address, unsigned length) {
        assert(length <= 32);
        return {address & mask(length), static_cast<std::uint8_t>(length)};
    }

    constexpr std::uint32_t first() const { return address; }
    constexpr std::uint32_t last() const { return address | ~mask(length); }
    constexpr bool contains(std::uint32_t other) const { return (other & mask(length)) == address; }
    constexpr bool contains(Prefix other) const {
        return other.length >= length && contains(other.address);
    }

    friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;
};

struct Route {
    Prefix prefix;
    NextHopId next_hop = no_route;

    friend constexpr bool operator==(const Route&, const Route&) = default;
};

}  // namespace sluice::fib
