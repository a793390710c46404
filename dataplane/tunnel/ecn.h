// SPDX-License-Identifier: BSD-3-Clause
// Congestion marks across a tunnel (RFC 6040). The outer header takes over the inner one's; at the
// other end the two are made one again.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "lib/net/checksum.h"
#include "lib/net/wire.h"
#include "lib/net/wire6.h"

namespace sluice::tunnel {

// The low two bits of the type of service.
enum class Ecn : uint8_t { not_capable = 0, ect1 = 1, ect0 = 2, congestion = 3 };
inline constexpr uint8_t ecn_mask = 3;

// RFC 6040 4.2, figure 4: by inner and outer mark. None: the packet is dropped, for congestion has
// been met by one that can not tell it.
constexpr std::optional<Ecn> decapsulated(Ecn inner, Ecn outer) noexcept {
    if (inner == Ecn::not_capable) {
        return outer == Ecn::congestion ? std::nullopt : std::optional(inner);
    }
    if (inner == Ecn::congestion || outer == Ecn::congestion) return Ecn::congestion;
    return outer == Ecn::ect1 ? Ecn::ect1 : inner;
}

// Whether the inner header's mark stays as it is, by both types of service.
constexpr bool keeps_mark(uint8_t inner_tos, uint8_t outer_tos) noexcept {
    constexpr auto kept = [] {
        uint32_t bits = 0;
        for (uint8_t marks = 0; marks < 16; ++marks) {
            const auto inner = static_cast<Ecn>(marks >> 2), outer = static_cast<Ecn>(marks & 3);
            if (decapsulated(inner, outer) == inner) bits |= 1u << marks;
        }
        return bits;
    }();
    return (kept >> ((inner_tos & ecn_mask) << 2 | (outer_tos & ecn_mask)) & 1) != 0;
}

// The inner header's mark becomes that of both; nothing else of it is touched. False: to be
// dropped.
inline bool merge_ecn(net::Ipv4Header& inner, Ecn outer) noexcept {
    const auto before = static_cast<Ecn>(inner.tos & ecn_mask);
    const auto merged = decapsulated(before, outer);
    if (!merged) return false;
    if (*merged == before) return true;
    const auto word = [&] {
        return net::be16(static_cast<uint16_t>(inner.version_and_length << 8 | inner.tos));
    };
    const net::Be16 was = word();
    inner.tos = static_cast<uint8_t>((inner.tos & ~ecn_mask) | static_cast<uint8_t>(*merged));
    inner.checksum = net::checksum_adjust(inner.checksum, was, word());
    return true;
}
inline bool merge_ecn(net::Ipv6Header& inner, Ecn outer) noexcept {
    const uint8_t before = inner.traffic_class();
    const auto merged = decapsulated(static_cast<Ecn>(before & ecn_mask), outer);
    if (!merged) return false;
    inner.set_traffic_class(
        static_cast<uint8_t>((before & ~ecn_mask) | static_cast<uint8_t>(*merged)));
    return true;
}

}  // namespace sluice::tunnel
