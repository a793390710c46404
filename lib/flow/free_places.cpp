// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/free_places.h"

#include <bit>

namespace sluice::flow {

// Where each level lies, which only those need to know who come to the end of a word.
class FreePlaces::Levels {
  public:
    Levels(Words words, uint32_t places) noexcept {
        size_t bits = places;
        do {
            size_[count_] = (bits + 63) / 64;
            words_[count_] = words;
            words += size_[count_];
            bits = size_[count_++];
        } while (bits > 1);
    }
    unsigned count() const noexcept { return count_; }
    size_t size(unsigned level) const noexcept { return size_[level]; }  // in words
    std::atomic<uint64_t>& word(unsigned level, size_t n) const noexcept {
        return words_[level][n];
    }
    void mark_full(unsigned level, size_t bit) const noexcept;
    void unmark(unsigned level, size_t bit) const noexcept;

  private:
    static constexpr unsigned most = 6;
    Words words_[most];
    size_t size_[most];
    unsigned count_ = 0;
};

void FreePlaces::take_all() noexcept {
    for (size_t i = 0; i < words_for(places_); ++i)
        words_[i].store(full, std::memory_order_relaxed);
}

// The first bit that is not set at or after `from`, by the hints; past all places if there is none.
size_t FreePlaces::find_from(size_t from) const noexcept {
    const Levels levels(words_, places_);
    const size_t end = levels.size(0) * 64;
    unsigned level = 0;
    size_t bit = from;
    while (true) {
        const size_t word = bit / 64;
        if (word >= levels.size(level)) return end;
        const uint64_t taken = levels.word(level, word).load(std::memory_order_relaxed);
        const uint64_t left = ~taken >> (bit % 64);
        if (left == 0) {
            if (++level == levels.count()) return end;
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

uint64_t FreePlaces::take_of_64(uint32_t place) noexcept {
    const uint64_t before = words_[place / 64].exchange(full);
    if (before != full) mark_full(place / 64);
    return ~before;
}

void FreePlaces::give_of_64(uint32_t place, uint64_t places) noexcept {
    if (words_[place / 64].fetch_and(~places) == full) {
        Levels(words_, places_).unmark(1, place / 64);
    }
}

void FreePlaces::mark_full(size_t word) noexcept { Levels(words_, places_).mark_full(1, word); }

void FreePlaces::Levels::unmark(unsigned level, size_t bit) const noexcept {
    for (; level < count_; ++level, bit /= 64) {
        const uint64_t mask = uint64_t{1} << (bit % 64);
        if (words_[level][bit / 64].fetch_and(~mask) != full) return;
    }
}

// The word below may have lost a bit after it was seen full, and whoever took that away may have
// found the hint not there yet; so it is looked at again once the hint is there.
void FreePlaces::Levels::mark_full(unsigned level, size_t bit) const noexcept {
    for (; level < count_; ++level, bit /= 64) {
        const uint64_t mask = uint64_t{1} << (bit % 64);
        const uint64_t before = words_[level][bit / 64].fetch_or(mask);
        if (words_[level - 1][bit].load() != full) return unmark(level, bit);
        if ((before | mask) != full) return;
    }
}

uint32_t FreePlaces::count() const noexcept {
    size_t taken = 0;
    for (size_t word = 0; word < (size_t{places_} + 63) / 64; ++word) {
        const uint64_t bits = words_[word].load(std::memory_order_relaxed);
        const size_t left = places_ - word * 64;
        const uint64_t ours = left < 64 ? ~(full << left) : full;
        taken += static_cast<size_t>(std::popcount(bits & ours));
    }
    return places_ - static_cast<uint32_t>(taken);
}

}  // namespace sluice::flow
