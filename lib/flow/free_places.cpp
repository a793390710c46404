// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/free_places.h"

#include <bit>

namespace sluice::flow {

void FreePlaces::take_all() noexcept {
    for (size_t i = 0; i < all_words_; ++i) words_[0][i].store(full, std::memory_order_relaxed);
}

// The first bit that is not set at or after `from`, by the hints; past all places if there is none.
size_t FreePlaces::find_from(size_t from) const noexcept {
    const size_t end = size_[0] * 64;
    unsigned level = 0;
    size_t bit = from;
    while (true) {
        const size_t word = bit / 64;
        if (word >= size_[level]) return end;
        const uint64_t left = ~words_[level][word].load(std::memory_order_relaxed) >> (bit % 64);
        if (left == 0) {
            if (++level == levels_) return end;
            bit = word + 1;
            continue;
        }
        bit += static_cast<size_t>(std::countr_zero(left));
        if (level == 0) return bit;
        --level;
        bit *= 64;
    }
}

uint32_t FreePlaces::search_between(uint32_t begin, uint32_t end, uint32_t from) noexcept {
    size_t at = from;
    for (unsigned i = 0; i < tries; ++i) {
        const size_t bit = find_from(at);
        if (bit >= end) {
            if (at == begin) return none;
            at = begin;
            continue;
        }
        if (take_this(static_cast<uint32_t>(bit))) return static_cast<uint32_t>(bit);
        at = bit;  // someone was faster
    }
    return none;
}

void FreePlaces::give(uint32_t place) noexcept { unmark(0, place); }

void FreePlaces::unmark(unsigned level, size_t bit) noexcept {
    for (; level < levels_; ++level, bit /= 64) {
        const uint64_t mask = uint64_t{1} << (bit % 64);
        if (words_[level][bit / 64].fetch_and(~mask) != full) return;
    }
}

// The word below may have lost a bit after it was seen full, and whoever took that away may have
// found the hint not there yet; so it is looked at again once the hint is there.
void FreePlaces::mark_full(unsigned level, size_t bit) noexcept {
    for (; level < levels_; ++level, bit /= 64) {
        const uint64_t mask = uint64_t{1} << (bit % 64);
        const uint64_t before = words_[level][bit / 64].fetch_or(mask);
        if (words_[level - 1][bit].load() != full) return unmark(level, bit);
        if ((before | mask) != full) return;
    }
}

uint32_t FreePlaces::count() const noexcept {
    size_t taken = 0;
    for (size_t word = 0; word < size_[0]; ++word) {
        const uint64_t bits = words_[0][word].load(std::memory_order_relaxed);
        const size_t left = places_ - word * 64;
        const uint64_t ours = left < 64 ? ~(full << left) : full;
        taken += static_cast<size_t>(std::popcount(bits & ours));
    }
    return places_ - static_cast<uint32_t>(taken);
}

}  // namespace sluice::flow
