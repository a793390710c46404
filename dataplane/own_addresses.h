// SPDX-License-Identifier: BSD-3-Clause
// The addresses that no other host may send from: the router's own, and the directed broadcasts of
// its networks. Nearly all sources are told from them by one bit of a filter, which stays in the
// nearest cache; those that share a bit with one are looked for.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace sluice {

class OwnAddresses {
  public:
    OwnAddresses() = default;
    // In host order.
    explicit OwnAddresses(std::vector<uint32_t> addresses) : sorted_(std::move(addresses)) {
        std::sort(sorted_.begin(), sorted_.end());
        for (const uint32_t a : sorted_) filter_[hash(a) >> 5] |= 1u << (hash(a) & 31);
    }
    bool may_have(uint32_t address) const noexcept {
        const uint32_t h = hash(address);
        return (filter_[h >> 5] >> (h & 31) & 1) != 0;
    }
    bool has(uint32_t address) const noexcept {
        return std::binary_search(sorted_.begin(), sorted_.end(), address);
    }

    // For vector code: bit n of the filter is bit n & 31 of word n >> 5.
    static constexpr uint32_t multiplier = 0x9e3779b1;
    static constexpr unsigned hash_shift = 20;
    const uint32_t* filter() const noexcept { return filter_.data(); }

  private:
    static constexpr uint32_t hash(uint32_t address) noexcept {
        return address * multiplier >> hash_shift;
    }
    alignas(64) std::array<uint32_t, (1u << (32 - hash_shift)) / 32> filter_{};
    std::vector<uint32_t> sorted_;
};

}  // namespace sluice
