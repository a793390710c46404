// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/counts.h"

#include <algorithm>
#include <bit>

#include "lib/flow/bucket.h"
#include "lib/prefetch.h"

#if SLUICE_FLOW_SSE2 && defined(__SSE4_1__)
#include <smmintrin.h>
#define SLUICE_NAT_SSE4 1
#else
#define SLUICE_NAT_SSE4 0
#endif

namespace sluice::nat {
namespace {

constexpr uint64_t count_mask = CountTable::most;
constexpr uint64_t tag_mask = ~count_mask;
// Two bits a word, as vectors give them, and which word the lowest is of.
constexpr uint32_t bit_of(unsigned word) noexcept { return 3u << (2 * word); }
constexpr uint32_t all_words = bit_of(CountTable::words_a_set) / 3 - 1;
unsigned lowest(uint32_t bits) noexcept {
    return static_cast<unsigned>(std::countr_zero(bits)) / 2;
}

size_t sets_for(uint32_t keys) noexcept {
    constexpr size_t fewest = 4;  // or few keys would have too few sets to choose from
    constexpr size_t keys_a_set = 4;
    return std::max(fewest, (size_t{keys} + keys_a_set - 1) / keys_a_set);
}

}  // namespace

// Tried a bounded time.
class CountTable::Lock {
  public:
    explicit Lock(Set& set) noexcept : set_(set) {
        for (unsigned i = 0; i < tries && !held_; ++i) {
            held_ = set_.locked.exchange(1, std::memory_order_acquire) == 0;
        }
    }
    ~Lock() {
        if (held_) set_.locked.store(0, std::memory_order_release);
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    bool held() const noexcept { return held_; }

  private:
    static constexpr unsigned tries = 64;
    Set& set_;
    bool held_ = false;
};

CountTable::CountTable(uint32_t keys)
    : memory_(sets_for(keys) * sizeof(Set)),
      sets_(memory_.as<Set>()),
      secret_(flow::random_secret()) {
    memory_.make_present();
}

uint64_t CountTable::hash(uint64_t key) const noexcept {
    const uint64_t mixed = flow::fold_product(key ^ secret_.words[0], secret_.words[3]);
    return flow::fold_product(mixed ^ secret_.words[1], secret_.words[2] | 1);
}

// The second set is found by bits that the tag has, the first one by others.
CountTable::Place CountTable::place_of(uint64_t key) const noexcept {
    constexpr uint64_t golden = 0x9e3779b97f4a7c15;
    const uint64_t hashed = hash(key);
    const auto set = [&](uint64_t hash32) -> Set& { return sets_[hash32 * sets_.size() >> 32]; };
    return {set(hashed >> 32), set(hashed * golden >> 32), hashed << 24};
}

void CountTable::prefetch(uint64_t key) const noexcept { sluice::prefetch(&place_of(key).first); }

CountTable::Seen CountTable::look_plain(const Set& set, uint64_t tag) noexcept {
    Seen seen{};
    for (unsigned i = 0; i < words_a_set; ++i) {
        const uint64_t found = set.words[i].load(std::memory_order_acquire);
        if (found != 0) seen.used |= bit_of(i);
        if (found != 0 && (found & tag_mask) == tag) seen.same |= bit_of(i);
    }
    return seen;
}

#if SLUICE_NAT_SSE4
// The line as four pairs of which the very first half is the lock; narrowed, each of their halves
// is two bytes.
CountTable::Seen CountTable::look(const Set& set, uint64_t tag) noexcept {
    const auto* line = reinterpret_cast<const __m128i*>(&set);
    const __m128i wanted = _mm_set1_epi64x(static_cast<long long>(tag));
    const __m128i tags = _mm_set1_epi64x(static_cast<long long>(tag_mask));
    const __m128i pairs[4] = {_mm_load_si128(line), _mm_load_si128(line + 1),
                              _mm_load_si128(line + 2), _mm_load_si128(line + 3)};
    // Loads stay in order on x86; the compiler must leave them so.
    std::atomic_signal_fence(std::memory_order_acquire);
    const auto bits = [&](auto&& of) {
        const __m128i low = _mm_packs_epi32(of(pairs[0]), of(pairs[1]));
        const __m128i high = _mm_packs_epi32(of(pairs[2]), of(pairs[3]));
        return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high))) >> 2;
    };
    const uint32_t same =
        bits([&](__m128i p) { return _mm_cmpeq_epi64(_mm_and_si128(p, tags), wanted); });
    const uint32_t used =
        ~bits([](__m128i p) { return _mm_cmpeq_epi64(p, _mm_setzero_si128()); }) & all_words;
    return {same & used, used};
}
#else
CountTable::Seen CountTable::look(const Set& set, uint64_t tag) noexcept {
    return look_plain(set, tag);
}
#endif

std::atomic<uint64_t>* CountTable::find(const Place& place) noexcept {
    for (Set* const set : {&place.first, &place.second}) {
        if (const uint32_t same = look(*set, place.tag).same; same != 0) {
            return &set->words[lowest(same)];
        }
    }
    return nullptr;
}

uint32_t CountTable::count(uint64_t key) const noexcept {
    const Place place = place_of(key);
    const auto sum_in = [&](const Set& set) {
        uint64_t sum = 0;
        for (uint32_t left = look(set, place.tag).same; left != 0; left &= ~bit_of(lowest(left))) {
            const uint64_t found = set.words[lowest(left)].load(std::memory_order_acquire);
            if ((found & tag_mask) == place.tag) sum += found & count_mask;
        }
        return static_cast<uint32_t>(sum);
    };
    const bool has_second = &place.second != &place.first;
    return sum_in(place.first) + (has_second ? sum_in(place.second) : 0);
}

Counted CountTable::add(uint64_t key, uint32_t limit) noexcept {
    const Place place = place_of(key);
    const uint64_t most_here = std::min(limit, most);
    while (std::atomic<uint64_t>* const word = find(place)) {
        uint64_t found = word->load(std::memory_order_acquire);
        while (found != 0 && (found & tag_mask) == place.tag) {
            if ((found & count_mask) >= most_here) return Counted::at_limit;
            if (word->compare_exchange_weak(found, found + 1)) return Counted::yes;
        }
    }
    return most_here == 0 ? Counted::at_limit : put_in(place);
}

// Into the first set unless that has five of its seven words in use: of as many keys as there are
// sessions, one in four million then finds no room (simulated).
Counted CountTable::add_unlimited(uint64_t key) noexcept {
    constexpr int filled_first = 5;
    const Place place = place_of(key);
    const Seen first = look(place.first, place.tag);
    if (first.same != 0) return add(key, most);
    if (std::popcount(first.used) < 2 * filled_first) {
        return put_in_set(place.first, place.tag, first.used);
    }
    const Seen second = look(place.second, place.tag);
    if (second.same != 0) return add(key, most);
    return put_in_emptier(place, first.used, second.used);
}

Counted CountTable::put_in(const Place& place) noexcept {
    const Lock lock(place.first);
    if (!lock.held()) return Counted::busy;
    const Seen first = look(place.first, place.tag);
    const Seen second = look(place.second, place.tag);
    if ((first.same | second.same) != 0) return Counted::busy;
    return put_in_emptier(place, first.used, second.used);
}

// The set with more room takes the key, as long as there is a choice; that keeps both from
// filling up (Azar et al., "Balanced Allocations", 1994).
Counted CountTable::put_in_emptier(const Place& place, uint32_t first_used,
                                   uint32_t second_used) noexcept {
    const bool in_first = std::popcount(first_used) <= std::popcount(second_used);
    return in_first ? put_in_set(place.first, place.tag, first_used)
                    : put_in_set(place.second, place.tag, second_used);
}

Counted CountTable::put_in_set(Set& set, uint64_t tag, uint32_t used) noexcept {
    if (used == all_words) return Counted::no_room;
    for (uint32_t room = ~used & all_words; room != 0; room &= ~bit_of(lowest(room))) {
        uint64_t empty = 0;
        auto& word = set.words[lowest(room)];
        if (flow::replace(word, empty, tag | 1, writers_)) return Counted::yes;
    }
    return Counted::busy;
}

void CountTable::subtract(uint64_t key) noexcept {
    const Place place = place_of(key);
    while (std::atomic<uint64_t>* const word = find(place)) {
        uint64_t found = word->load(std::memory_order_acquire);
        while (found != 0 && (found & tag_mask) == place.tag) {
            const uint64_t fewer = (found & count_mask) == 1 ? 0 : found - 1;
            if (word->compare_exchange_weak(found, fewer)) return;
        }
    }
}

}  // namespace sluice::nat
