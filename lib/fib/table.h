// SPDX-License-Identifier: BSD-3-Clause
// The forwarding table in shared memory: DIR-24-8 (Gupta, Lin, McKeown: "Routing Lookups in
// Hardware at Memory Access Speeds", 1998) with 16-bit entries.
//
//   entry  0xxx xxxx xxxx xxxx   a next-hop id, 0 for "no route"
//          1xxx xxxx xxxx xxxx   in tbl24 only: the number of the tbl8 group that tells apart
//                                the last 8 bits of the address
//
// One writer (sluice-control) changes single entries in place; readers (the workers of another
// process, mapping it read-only) take no lock. What they may rely on:
//   - an entry is loaded and stored whole, since it is 16 bits wide and aligned;
//   - at every moment every address resolves to its old or to its new answer: a group is filled
//     before the tbl24 entry that leads to it is stored (release), and a group that no entry
//     leads to any more is refilled only after every reader has passed a quiescent state.
// What they may not rely on is the content: every group number is masked before use, so that a
// broken writer can cost a wrong next hop and never a read outside of the table.
//
// The whole is placed in zeroed memory, where it is a valid table without routes.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/fib/route.h"

namespace sluice::fib {

using Entry = std::uint16_t;
static_assert(std::atomic_ref<Entry>::is_always_lock_free);

inline constexpr Entry extended_bit = 0x8000;
inline constexpr std::size_t slot_count = std::size_t{1} << 24;  // one for each /24
inline constexpr std::size_t group_entries = 256;
// A group is needed for each /24 that holds a longer prefix: the real table has 1,314 of those.
inline constexpr std::size_t group_count = std::size_t{1} << 14;
static_assert((group_count & (group_count - 1)) == 0 && group_count <= extended_bit,
              "masked by readers");

struct Table {
    alignas(64) Entry tbl24[slot_count];
    alignas(64) Entry tbl8[group_count * group_entries];
};
static_assert(offsetof(Table, tbl24) == 0);
static_assert(offsetof(Table, tbl8) == 32u << 20);
static_assert(sizeof(Table) == 40u << 20);
static_assert(alignof(Table) == 64);

// The group an extended entry leads to; inside the table whatever the entry holds.
constexpr std::size_t group_of(Entry entry) { return entry & (group_count - 1); }

// The mapping may be read-only: a lock-free load never writes, so the cast is harmless.
inline Entry load_entry(const Entry& entry, std::memory_order order) noexcept {
    return std::atomic_ref<Entry>(const_cast<Entry&>(entry)).load(order);
}

}  // namespace sluice::fib
