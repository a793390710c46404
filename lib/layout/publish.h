// SPDX-License-Identifier: BSD-3-Clause
// How a snapshot goes from the one process to the other.
//
//   writer: copies it into a slot that is not the published one, then stores `published`
//   reader: loads `published`, copies that slot, and looks at `published` again: only if two more
//           snapshots came meanwhile can the slot have been written to under it
//
// One writer; any number of readers, in threads or processes. No one waits for anyone.
#pragma once
#include <cstdint>

#include "lib/layout/intent.h"
#include "lib/shm/words.h"

namespace sluice::layout {

inline uint64_t published_generation(const Intent& intent) noexcept {
    return intent.published.load(std::memory_order_acquire) >> 8;
}

// Its generation must be above the last one's.
inline void publish(Intent& intent, const Snapshot& snapshot) noexcept {
    const uint64_t published = intent.published.load(std::memory_order_relaxed);
    const uint64_t slot = ((published & 0xff) + 1) % snapshot_slots;
    shm::store_words(intent.snapshots[slot], snapshot);
    intent.published.store(snapshot.generation << 8 | slot, std::memory_order_release);
}

// Copies the newest snapshot; false when there is none yet, when it was overtaken while being
// copied (try again), or when the other side's numbers make no sense.
inline bool copy_published(const Intent& intent, Snapshot& out) noexcept {
    const uint64_t before = intent.published.load(std::memory_order_acquire);
    if (before == 0) return false;
    shm::load_words(out, intent.snapshots[(before & 0xff) % snapshot_slots]);
    const uint64_t after = intent.published.load(std::memory_order_relaxed);
    return (after >> 8) - (before >> 8) < snapshot_slots - 1 && out.generation == before >> 8;
}

}  // namespace sluice::layout
