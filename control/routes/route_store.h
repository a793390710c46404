// SPDX-License-Identifier: BSD-3-Clause
// The routes that were added at run time, kept in the intent memory so that they outlive control.
//
// An open-addressed hash table over the memory's slots, one slot a route, each changed by one
// atomic store: a control that is killed between two stores leaves a whole table behind.
//
//   free ──add──▶ used ──erase──▶ erased ──add──▶ used     (an erased slot ends no probe)
//
// One thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/fib/route.h"
#include "lib/layout/intent.h"

namespace sluice::routes {

class RouteStore {
  public:
    // A power of two of slots; zeroed, or as another control left them.
    explicit RouteStore(std::span<layout::RouteSlot> slots);

    std::optional<fib::NextHopId> find(net::Ipv4Prefix prefix) const noexcept;
    // Adds or replaces. False when the table is full (three quarters, so that probes stay short).
    bool set(net::Ipv4Prefix prefix, fib::NextHopId next_hop) noexcept;
    bool erase(net::Ipv4Prefix prefix) noexcept;
    size_t size() const noexcept { return size_; }
    size_t capacity() const noexcept { return slots_.size() / 4 * 3; }

    template <typename Visit>
    void for_each(Visit&& visit) const {
        size_t left = size_;  // most routers have none: no need to walk all slots to see that
        for (size_t at = 0; left > 0; ++at) {
            const uint64_t bits = slots_[at].load(std::memory_order_relaxed);
            if (!is_used(bits)) continue;
            --left;
            visit(fib::Route{prefix_of(bits), next_hop_of(bits)});
        }
    }

  private:
    static constexpr uint64_t used_bit = uint64_t{1} << 38, erased_bit = uint64_t{1} << 39;
    static constexpr uint64_t prefix_mask = (uint64_t{1} << 38) - 1;

    static uint64_t bits_of(net::Ipv4Prefix p) noexcept {
        return p.address.value | static_cast<uint64_t>(p.length) << 32;
    }
    static bool is_used(uint64_t bits) noexcept { return (bits & used_bit) != 0; }
    static net::Ipv4Prefix prefix_of(uint64_t bits) noexcept {
        const auto length = static_cast<unsigned>(bits >> 32 & 0x3f);
        return net::Ipv4Prefix::of({static_cast<uint32_t>(bits)}, length <= 32 ? length : 32);
    }
    static fib::NextHopId next_hop_of(uint64_t bits) noexcept {
        return static_cast<fib::NextHopId>(bits >> 48 & 0x7fff);
    }
    // The prefix's slot, or the one where it would go; its number.
    size_t probe(net::Ipv4Prefix prefix) const noexcept;

    std::span<layout::RouteSlot> slots_;
    size_t size_ = 0;
    size_t erased_ = 0;
};

}  // namespace sluice::routes
