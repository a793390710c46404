// SPDX-License-Identifier: BSD-3-Clause
// Which of many places are free: a bit each, set for a taken one, and above them a bit for each
// word that is all ones, and so on up to one word. Any worker takes any place, so the last free
// one is found too, in as many steps as there are levels. Workers start to look at places of
// their own, and so do not meet as long as these suffice.
//
// Words of zeros are places that are all free, so that those nobody takes need no memory.
//
// Lock-free: a bit of the lowest level is the truth, and belongs to whoever set it. A bit above
// is a hint that for a moment may be wrong either way; take() then may miss a place that is
// being given back.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/prefetch.h"

namespace sluice::flow {

class FreePlaces {
  public:
    static constexpr uint32_t none = ~uint32_t{0};

    static constexpr size_t words_for(uint32_t places) noexcept {
        size_t words = 0;
        size_t level = places;
        do {
            level = (level + 63) / 64;
            words += level;
        } while (level > 1);
        return words;
    }

    // words_for(places) words, for at least one place.
    FreePlaces(std::span<std::atomic<uint64_t>> words, uint32_t places) noexcept
        : words_(words.data()), places_(places) {}

    // One thread, before others come: no place is free.
    void take_all() noexcept;
    // A free place at or after `from`, or else before it; none if there is none.
    uint32_t take(uint32_t from) noexcept { return take_between(0, places_, from); }
    // The same among the places from `begin` to before `end`, in which `from` is.
    uint32_t take_between(uint32_t begin, uint32_t end, uint32_t from) noexcept {
        return is_free(from) && take_this(from) ? from : search_between(begin, end, from);
    }
    // That place; false if it is not free.
    bool take_this(uint32_t place) noexcept {
        const size_t word = place / 64;
        const uint64_t mask = uint64_t{1} << (place % 64);
        const uint64_t before = words_[word].fetch_or(mask);
        if ((before & mask) != 0) return false;
        if ((before | mask) == full) mark_full(word);
        return true;
    }
    void give(uint32_t place) noexcept { give_of_64(place, uint64_t{1} << (place % 64)); }
    // The same for all that are free of the 64 places that this one is among; a bit for each, the
    // lowest for the first of them.
    uint64_t take_of_64(uint32_t place) noexcept;
    void give_of_64(uint32_t place, uint64_t places) noexcept;
    bool is_free(uint32_t place) const noexcept {
        return (words_[place / 64].load(std::memory_order_relaxed) >> (place % 64) & 1) == 0;
    }
    // For fetching ahead: the line that says whether the place is free; the first free place at
    // or after that one, or past all of them.
    void prefetch(uint32_t place) const noexcept { sluice::prefetch(&words_[place / 64]); }
    uint32_t next_free(uint32_t from) const noexcept {
        return is_free(from) ? from : static_cast<uint32_t>(find_from(from));
    }
    // Exact while nobody takes or gives.
    uint32_t count() const noexcept;

  private:
    using Words = std::atomic<uint64_t>*;
    static constexpr unsigned tries = 64;
    static constexpr uint64_t full = ~uint64_t{0};
    class Levels;

    uint32_t search_between(uint32_t begin, uint32_t end, uint32_t from) noexcept;
    size_t find_from(size_t from) const noexcept;
    void mark_full(size_t word) noexcept;

    Words words_;  // of all levels, the lowest first
    uint32_t places_;
};

}  // namespace sluice::flow
