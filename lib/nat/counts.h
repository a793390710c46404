// SPDX-License-Identifier: BSD-3-Clause
// How many there are of each of many keys: sessions or ports of a subscriber (RFC 6888 REQ-4),
// sessions towards one remote address (RFC 4787 REQ-8). A key is 64 bits that the caller makes up;
// one whose count is 0 takes no room.
//
// A key has two sets of seven words, and lies in one of them: 40 bits of its hash and 24 of count.
// The hash is under a secret, so nobody chooses keys that meet. Two keys are taken for one if they
// agree in those 40 bits and in a set: of a full table of a million keys, with a probability of
// 7 in a million that there is such a pair at all (8 words looked at for each key, over 2^40).
//
// Any thread, any time. Counting is a compare-and-swap. A new key is put in under a lock of its
// first set, which is tried and never waited for; so no key is ever in two words. One that nobody
// limits needs no lock, nor a look into its second set while the first has room: two words may then
// count it, and whoever subtracts takes from one that there is.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>

#include "lib/flow/key.h"
#include "lib/flow/writers.h"
#include "lib/nat/private_memory.h"

namespace sluice::nat {

enum class Counted : uint8_t {
    yes,
    at_limit,
    busy,     // another worker puts a key into the same set: try again
    no_room,  // for another key; not seen as long as there are no more than the table is made for
};

class CountTable {
  public:
    static constexpr uint32_t most = (1u << 24) - 1;  // of one key

    // 16 bytes a key. Throws std::bad_alloc.
    explicit CountTable(uint32_t keys);

    // Before it is used: how many threads count. Several, unless this is said.
    void set_writers(flow::Writers writers) noexcept { writers_ = writers; }

    // Anything but `yes` changes nothing.
    Counted add(uint64_t key, uint32_t limit) noexcept;
    // For keys that are never added with a limit, of which the caller wants to know only whether
    // they are there; quickest for one that is not.
    Counted add_unlimited(uint64_t key) noexcept;
    // For one that was added.
    void subtract(uint64_t key) noexcept;
    uint32_t count(uint64_t key) const noexcept;
    bool contains(uint64_t key) const noexcept { return count(key) != 0; }
    // For fetching ahead what add_unlimited() nearly always needs.
    void prefetch(uint64_t key) const noexcept;

    static constexpr unsigned words_a_set = 7;
    struct alignas(64) Set {
        std::atomic<uint32_t> locked;
        std::atomic<uint64_t> words[words_a_set];
    };
    static_assert(sizeof(Set) == 64);
    // Of a set's words, two bits each: those that have the tag, and those that have any.
    struct Seen {
        uint32_t same;
        uint32_t used;
        bool operator==(const Seen&) const noexcept = default;
    };
    static Seen look(const Set&, uint64_t tag) noexcept;
    static Seen look_plain(const Set&, uint64_t tag) noexcept;  // the same, without vectors

  private:
    struct Place {
        Set& first;
        Set& second;
        uint64_t tag;  // as it stands in the word
    };
    class Lock;

    uint64_t hash(uint64_t key) const noexcept;
    Place place_of(uint64_t key) const noexcept;
    static std::atomic<uint64_t>* find(const Place&) noexcept;
    Counted put_in(const Place&) noexcept;
    Counted put_in_emptier(const Place&, uint32_t first_used, uint32_t second_used) noexcept;
    Counted put_in_set(Set&, uint64_t tag, uint32_t used) noexcept;

    PrivateMemory memory_;
    std::span<Set> sets_;
    flow::HashSecret secret_;
    flow::Writers writers_ = flow::Writers::several;
};

}  // namespace sluice::nat
