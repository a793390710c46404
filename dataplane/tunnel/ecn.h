// SPDX-License-Identifier: BSD-3-Clause
// Congestion marks across a tunnel (RFC 6040). The outer header takes over the inner one's; at the
// other end the two are made one again.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

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

}  // namespace sluice::tunnel
