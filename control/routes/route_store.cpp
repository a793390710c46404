// SPDX-License-Identifier: BSD-3-Clause
#include "control/routes/route_store.h"

#include <bit>
#include <cassert>

namespace sluice::routes {

RouteStore::RouteStore(std::span<layout::RouteSlot> slots) : slots_(slots) {
    assert(std::has_single_bit(slots.size()));
    for (const layout::RouteSlot& slot : slots_) {
        const uint64_t bits = slot.load(std::memory_order_relaxed);
        size_ += is_used(bits);
        erased_ += !is_used(bits) && bits != 0;
    }
}

size_t RouteStore::probe(net::Ipv4Prefix prefix) const noexcept {
    const uint64_t wanted = bits_of(prefix);
    const size_t mask = slots_.size() - 1;
    size_t vacant = slots_.size();
    for (size_t at = (wanted * 0x9e3779b97f4a7c15 >> 32) & mask, seen = 0; seen <= mask;
         at = (at + 1) & mask, ++seen) {
        const uint64_t bits = slots_[at].load(std::memory_order_relaxed);
        if (is_used(bits) && (bits & prefix_mask) == wanted) return at;
        if (!is_used(bits) && vacant == slots_.size()) vacant = at;
        if (bits == 0) break;
    }
    return vacant;
}

std::optional<fib::NextHopId> RouteStore::find(net::Ipv4Prefix prefix) const noexcept {
    const size_t at = probe(prefix);
    const uint64_t bits = at < slots_.size() ? slots_[at].load(std::memory_order_relaxed) : 0;
    if (!is_used(bits)) return std::nullopt;
    return next_hop_of(bits);
}

bool RouteStore::set(net::Ipv4Prefix prefix, fib::NextHopId next_hop) noexcept {
    const size_t at = probe(prefix);
    if (at == slots_.size()) return false;
    const uint64_t before = slots_[at].load(std::memory_order_relaxed);
    if (!is_used(before)) {
        if (size_ >= capacity()) return false;
        ++size_;
        erased_ -= before != 0;
    }
    slots_[at].store(bits_of(prefix) | used_bit | static_cast<uint64_t>(next_hop) << 48,
                     std::memory_order_release);
    return true;
}

bool RouteStore::erase(net::Ipv4Prefix prefix) noexcept {
    const size_t at = probe(prefix);
    if (at == slots_.size() || !is_used(slots_[at].load(std::memory_order_relaxed))) return false;
    // Nothing probes past a free slot, so before one an erased slot need not be kept.
    const size_t next = (at + 1) & (slots_.size() - 1);
    const bool ends_here = slots_[next].load(std::memory_order_relaxed) == 0;
    slots_[at].store(ends_here ? 0 : erased_bit, std::memory_order_release);
    erased_ += !ends_here;
    --size_;
    return true;
}

}  // namespace sluice::routes
