// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/counts.h"

#include <algorithm>

namespace sluice::nat {
namespace {

constexpr uint64_t count_mask = CountTable::most;
constexpr uint64_t tag_mask = ~count_mask;

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
    memory_.use_huge_pages();
}

uint64_t CountTable::hash(uint64_t key) const noexcept {
    const uint64_t mixed = flow::fold_product(key ^ secret_.words[0], secret_.words[3]);
    return flow::fold_product(mixed ^ secret_.words[1], secret_.words[2] | 1);
}

// The second set is found by bits that the tag has, the first one by others.
CountTable::Place CountTable::place_of(uint64_t key) const noexcept {
    const uint64_t hashed = hash(key);
    constexpr uint64_t golden = 0x9e3779b97f4a7c15;
    return {set(hashed >> 32), set(hashed * golden >> 32), hashed << 24};
}

void CountTable::prefetch(uint64_t key) const noexcept {
    const Place place = place_of(key);
    __builtin_prefetch(&place.first, 1);
    __builtin_prefetch(&place.second, 1);
}

std::atomic<uint64_t>* CountTable::find_in(Set& set, uint64_t tag) noexcept {
    for (std::atomic<uint64_t>& word : set.words) {
        const uint64_t found = word.load(std::memory_order_acquire);
        if (found != 0 && (found & tag_mask) == tag) return &word;
    }
    return nullptr;
}

std::atomic<uint64_t>* CountTable::find(const Place& place) noexcept {
    std::atomic<uint64_t>* const word = find_in(place.first, place.tag);
    return word != nullptr ? word : find_in(place.second, place.tag);
}

std::atomic<uint64_t>* CountTable::empty_in(Set& set) noexcept {
    for (std::atomic<uint64_t>& word : set.words) {
        if (word.load(std::memory_order_relaxed) == 0) return &word;
    }
    return nullptr;
}

uint32_t CountTable::count(uint64_t key) const noexcept {
    const Place place = place_of(key);
    const std::atomic<uint64_t>* const word = find(place);
    if (word == nullptr) return 0;
    const uint64_t found = word->load(std::memory_order_acquire);
    return (found & tag_mask) == place.tag ? static_cast<uint32_t>(found & count_mask) : 0;
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

// The set with more room takes the key, as long as there is a choice; that keeps both from
// filling up (Azar et al., "Balanced Allocations", 1994).
Counted CountTable::put_in(const Place& place) noexcept {
    const Lock lock(place.first);
    if (!lock.held() || find(place) != nullptr) return Counted::busy;
    const auto used = [](const Set& set) {
        return std::ranges::count_if(set.words, [](const auto& word) { return word != 0; });
    };
    const bool first = used(place.first) <= used(place.second);
    Set& set = first ? place.first : place.second;
    while (std::atomic<uint64_t>* const word = empty_in(set)) {
        uint64_t empty = 0;
        if (word->compare_exchange_strong(empty, place.tag | 1)) return Counted::yes;
    }
    return used(place.first) + used(place.second) < 2 * words_a_set ? Counted::busy
                                                                    : Counted::no_room;
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
