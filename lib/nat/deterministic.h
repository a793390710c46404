// SPDX-License-Identifier: BSD-3-Clause
// Deterministic mapping (RFC 7422): each internal address has ports of one external address by
// arithmetic alone, so that who had a port when is known without a log. Subscribers go to external
// addresses in sequence, `ratio` to each, which share that one's ports evenly; ports that do not
// come out even are nobody's.
#pragma once
#include <cstdint>
#include <optional>

#include "lib/nat/mapping.h"

namespace sluice::nat {

// Ports of one external address, told by its place in the pool.
struct PortBlock {
    uint32_t place;
    PortRange ports;
    bool operator==(const PortBlock&) const noexcept = default;
};

struct Deterministic {
    uint32_t first_internal;  // host order
    uint32_t subscribers;     // internal addresses from there on
    uint32_t externals;       // addresses in the pool
    PortRange ports;          // of each of them

    // Subscribers an external address; 0 if there are no external addresses.
    constexpr uint32_t ratio() const noexcept {
        if (externals == 0) return 0;
        return subscribers / externals + (subscribers % externals != 0);
    }
    // Of each subscriber; 0 if there are not enough for all.
    constexpr uint32_t ports_each() const noexcept {
        if (ratio() == 0 || ports.last < ports.first) return 0;
        return (ports.last - ports.first + 1u) / ratio();
    }
    // Nothing for who is no subscriber.
    constexpr std::optional<PortBlock> block_of(uint32_t internal) const noexcept {
        const uint32_t n = internal - first_internal;
        const uint32_t each = ports_each();
        if (n >= subscribers || each == 0) return {};
        const uint32_t first = ports.first + n % ratio() * each;
        return PortBlock{n / ratio(),
                         {static_cast<uint16_t>(first), static_cast<uint16_t>(first + each - 1)}};
    }
    // Whose port that is, if anybody's.
    constexpr std::optional<uint32_t> internal_of(uint32_t place, uint16_t port) const noexcept {
        const uint32_t each = ports_each();
        if (each == 0 || place >= externals || port < ports.first || port > ports.last) return {};
        const uint32_t share = (port - ports.first) / each;
        const uint64_t n = uint64_t{place} * ratio() + share;
        if (share >= ratio() || n >= subscribers) return {};
        return first_internal + static_cast<uint32_t>(n);
    }
};

}  // namespace sluice::nat
