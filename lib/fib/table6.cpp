// SPDX-License-Identifier: BSD-3-Clause
#include "lib/fib/table6.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace sluice::fib {

Table6::Table6(std::span<const Entry> entries)
    : slots_(std::bit_ceil(2 * std::max<size_t>(entries.size(), 1))) {
    for (const Entry& entry : entries) {
        auto& slot = const_cast<Slot&>(slot_of(entry.prefix));
        if (slot.value == none) slot = {entry.prefix, entry.value};
        lengths_.push_back(entry.prefix.length);
    }
    std::sort(lengths_.begin(), lengths_.end(), std::greater<>());
    lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
}

uint32_t Table6::find(net::Ipv6Address address) const noexcept {
    for (const uint8_t length : lengths_) {
        const Slot& slot = slot_of(net::Ipv6Prefix::of(address, length));
        if (slot.value != none) return slot.value;
    }
    return none;
}

size_t Table6::home_of(const net::Ipv6Prefix& prefix) const noexcept {
    uint64_t x = (prefix.address.high ^ prefix.length) * 0x9e3779b97f4a7c15 ^ prefix.address.low;
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
    return (x ^ (x >> 33)) & (slots_.size() - 1);
}

const Table6::Slot& Table6::slot_of(const net::Ipv6Prefix& prefix) const noexcept {
    size_t at = home_of(prefix);
    while (slots_[at].value != none && slots_[at].prefix != prefix) {
        at = (at + 1) & (slots_.size() - 1);
    }
    return slots_[at];
}

}  // namespace sluice::fib
