// SPDX-License-Identifier: BSD-3-Clause
// Deterministic mapping (RFC 7422): each internal address has ports of one external address by
// arithmetic alone, so that who had a port when is known without a log. Subscribers go to external
// addresses in sequence, `ratio` to each, and each has as many ports of his address; ports that
// do not come out even are nobody's.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "lib/layout/nat.h"
#include "lib/nat/mapping.h"

namespace sluice::nat {

using layout::NatRange;

// Addresses counted through ranges, one after the other, from 0.
constexpr uint64_t count_of(std::span<const NatRange> ranges) noexcept {
    uint64_t count = 0;
    for (const NatRange& r : ranges) count += uint64_t{r.last} - r.first + 1;
    return count;
}
constexpr std::optional<uint64_t> place_in(std::span<const NatRange> ranges,
                                           uint32_t address) noexcept {
    uint64_t before = 0;
    for (const NatRange& r : ranges) {
        if (r.first <= address && address <= r.last) return before + (address - r.first);
        before += uint64_t{r.last} - r.first + 1;
    }
    return {};
}
constexpr std::optional<uint32_t> address_at(std::span<const NatRange> ranges,
                                             uint64_t place) noexcept {
    for (const NatRange& r : ranges) {
        const uint64_t count = uint64_t{r.last} - r.first + 1;
        if (place < count) return r.first + static_cast<uint32_t>(place);
        place -= count;
    }
    return {};
}

// Ports of one external address, told by its place in the pool.
struct PortBlock {
    uint32_t place;
    PortRange ports;
    bool operator==(const PortBlock&) const noexcept = default;
};

class Deterministic {
  public:
    // RFC 7422's compression ratio: subscribers an external address; 0 if there are none of these.
    static constexpr uint64_t ratio(uint64_t subscribers, uint64_t externals) noexcept {
        return externals == 0 ? 0 : (subscribers + externals - 1) / externals;
    }
    // As many ports as each subscriber can have; 0 if there are not enough for all.
    static constexpr uint32_t most_ports_each(uint64_t subscribers, uint64_t externals,
                                              PortRange ports) noexcept {
        const uint64_t sharing = ratio(subscribers, externals);
        if (sharing == 0 || ports.last < ports.first) return 0;
        return static_cast<uint32_t>((ports.last - ports.first + 1u) / sharing);
    }

    // Subscribers in the order of the ranges, which do not overlap and outlive this; `ports` of
    // each of `externals` addresses, `ports_each` of them to each subscriber. Nobody has any where
    // that is more than there are.
    constexpr Deterministic(std::span<const NatRange> subscribers, uint32_t externals,
                            PortRange ports, uint32_t ports_each) noexcept
        : subscribers_(subscribers),
          count_(count_of(subscribers)),
          ratio_(ratio(count_, externals)),
          externals_(externals),
          ports_(ports),
          each_(ports_each <= most_ports_each(count_, externals, ports) ? ports_each : 0) {}

    constexpr uint32_t ports_each() const noexcept { return each_; }

    // Nothing for who is no subscriber.
    constexpr std::optional<PortBlock> block_of(uint32_t internal) const noexcept {
        const auto n = place_in(subscribers_, internal);
        if (!n || each_ == 0) return {};
        const auto first = static_cast<uint32_t>(ports_.first + *n % ratio_ * each_);
        return PortBlock{static_cast<uint32_t>(*n / ratio_),
                         {static_cast<uint16_t>(first), static_cast<uint16_t>(first + each_ - 1)}};
    }
    // Whose port that is, if anybody's.
    constexpr std::optional<uint32_t> internal_of(uint32_t place, uint16_t port) const noexcept {
        if (each_ == 0 || place >= externals_ || port < ports_.first || port > ports_.last)
            return {};
        const uint32_t share = (port - ports_.first) / each_;
        if (share >= ratio_) return {};
        return address_at(subscribers_, place * ratio_ + share);
    }

  private:
    std::span<const NatRange> subscribers_;
    uint64_t count_;
    uint64_t ratio_;
    uint32_t externals_;
    PortRange ports_;
    uint32_t each_;
};

// As a rule says it, by its lists. Its address is one, whichever, where it shares an interface's.
constexpr Deterministic deterministic_of(const layout::NatRule& rule,
                                         std::span<const NatRange> from,
                                         std::span<const NatRange> pool) noexcept {
    const uint64_t externals = rule.to_interface != 0 ? 1 : count_of(pool);
    return {
        from, static_cast<uint32_t>(externals), {rule.first_port, rule.last_port}, rule.block_size};
}

}  // namespace sluice::nat
