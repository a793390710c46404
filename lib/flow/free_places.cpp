// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/free_places.h"

#include <bit>

namespace sluice::flow {

FreePlaces::FreePlaces(std::span<std::atomic<uint64_t>> words, uint32_t places) noexcept
    : places_(places) {
    size_t bits = places;
    do {
        size_[levels_] = (bits + 63) / 64;
        words_[levels_] = words.data() + all_words_;
        all_words_ += size_[levels_];
        bits = size_[levels_++];
    } while (bits > 1);
}

void FreePlaces::clear() noexcept {
    for (size_t i = 0; i < all_words_; ++i) words_[0][i].store(0, std::memory_order_relaxed);
}

// The first set bit at or after `from`, by the hints; the number of bits if there is none.
size_t FreePlaces::find_from(size_t from) const noexcept {
    const size_t end = size_[0] * 64;
    unsigned level = 0;
    size_t bit = from;
    while (true) {
        const size_t word = bit / 64;
        if (word >= size_[level]) return end;
        const uint64_t left = words_[level][word].load(std::memory_order_relaxed) >> (bit % 64);
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

uint32_t FreePlaces::take(uint32_t from) noexcept {
    size_t at = from;
    for (unsigned i = 0; i < tries; ++i) {
        const size_t bit = find_from(at);
        if (bit >= places_) {
            if (at == 0) return none;
            at = 0;
            continue;
        }
        const size_t word = bit / 64;
        const uint64_t mask = uint64_t{1} << (bit % 64);
        const uint64_t before = words_[0][word].fetch_and(~mask);
        if ((before & ~mask) == 0) unmark_empty(1, word);
        if ((before & mask) != 0) return static_cast<uint32_t>(bit);
        at = bit;  // someone was faster
    }
    return none;
}

void FreePlaces::give(uint32_t place) noexcept { mark(0, place); }

void FreePlaces::mark(unsigned level, size_t bit) noexcept {
    for (; level < levels_; ++level, bit /= 64) {
        const uint64_t mask = uint64_t{1} << (bit % 64);
        if (words_[level][bit / 64].fetch_or(mask) != 0) return;
    }
}

// The word below may have got a bit after it was seen empty, and whoever set that may have found
// the hint still there; so it is looked at again once the hint is gone.
void FreePlaces::unmark_empty(unsigned level, size_t bit) noexcept {
    for (; level < levels_; ++level, bit /= 64) {
        const uint64_t mask = uint64_t{1} << (bit % 64);
        const uint64_t before = words_[level][bit / 64].fetch_and(~mask);
        if (words_[level - 1][bit].load() != 0) return mark(level, bit);
        if ((before & ~mask) != 0) return;
    }
}

bool FreePlaces::is_free(uint32_t place) const noexcept {
    return (words_[0][place / 64].load(std::memory_order_relaxed) >> (place % 64) & 1) != 0;
}

uint32_t FreePlaces::count() const noexcept {
    uint32_t free = 0;
    for (size_t word = 0; word < size_[0]; ++word) {
        free +=
            static_cast<uint32_t>(std::popcount(words_[0][word].load(std::memory_order_relaxed)));
    }
    return free;
}

}  // namespace sluice::flow
