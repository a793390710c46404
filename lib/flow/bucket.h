// SPDX-License-Identifier: BSD-3-Clause
// A bucket of an index: ten values in one cache line, told apart by 16 bits of their key's hash.
//
// `control` is a sequence, a lock and a count in one word:
//   bit 0      locked: someone changes the bucket
//   bits 0-23  sequence, grows by one with each locking and each unlocking
//   bits 24-31 away: how many keys have this as their first bucket and lie in their second
//
// A slot is written under the bucket's lock, its value before its tag; it is empty when its tag
// is 0. Readers take no lock: index.h says what they may conclude.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/flow/writers.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

// The thread sanitizer takes a vector load from words that others store to for a race.
#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !__has_feature(thread_sanitizer)
#define SLUICE_FLOW_SSE2 1
#else
#define SLUICE_FLOW_SSE2 0
#endif

namespace sluice::flow {

using Tag = uint16_t;  // never 0

// One bit per slot.
using SlotMask = uint32_t;

struct alignas(64) Bucket {
    static constexpr unsigned slots = 10;

    std::atomic<uint32_t> control;
    std::atomic<Tag> tags[slots];
    std::atomic<uint32_t> values[slots];

    static constexpr uint32_t locked_bit = 1;
    static constexpr uint32_t sequence_mask = (1u << 24) - 1;
    static constexpr uint32_t one_away = 1u << 24;
    static constexpr uint32_t most_away = 255;
    static constexpr uint32_t away_in(uint32_t control) noexcept { return control >> 24; }
    static constexpr uint32_t next_in_sequence(uint32_t control) noexcept {
        return (control & ~sequence_mask) | ((control + 1) & sequence_mask);
    }

    SlotMask matches(Tag tag) const noexcept;
    SlotMask matches_plain(Tag tag) const noexcept;  // the same, without vectors
    SlotMask empty() const noexcept { return matches(0); }
    uint32_t value(unsigned slot) const noexcept {
        return values[slot].load(std::memory_order_acquire);
    }

    // For the holder of the lock.
    void put(unsigned slot, Tag tag, uint32_t value) noexcept {
        values[slot].store(value, std::memory_order_release);
        tags[slot].store(tag, std::memory_order_release);
    }
    void clear(unsigned slot) noexcept { tags[slot].store(0, std::memory_order_release); }
    uint32_t away() const noexcept { return away_in(control.load(std::memory_order_relaxed)); }
    void change_away(int by) noexcept {
        const uint32_t now = control.load(std::memory_order_relaxed);
        control.store(now + static_cast<uint32_t>(by) * one_away, std::memory_order_release);
    }
};
static_assert(sizeof(Bucket) == 64 && offsetof(Bucket, tags) == 4 &&
              offsetof(Bucket, values) == 24);
static_assert(std::atomic<Tag>::is_always_lock_free && sizeof(std::atomic<Tag>) == 2);

inline SlotMask Bucket::matches_plain(Tag tag) const noexcept {
    SlotMask found = 0;
    for (unsigned slot = 0; slot < slots; ++slot) {
        const bool same = tags[slot].load(std::memory_order_acquire) == tag;
        found |= static_cast<SlotMask>(same) << slot;
    }
    return found;
}

#if SLUICE_FLOW_SSE2
// The first half of the line as sixteen 16-bit lanes: two of control, ten tags, four of values.
inline SlotMask Bucket::matches(Tag tag) const noexcept {
    const auto* line = reinterpret_cast<const __m128i*>(this);
    const __m128i wanted = _mm_set1_epi16(static_cast<short>(tag));
    const __m128i low = _mm_cmpeq_epi16(_mm_load_si128(line), wanted);
    const __m128i high = _mm_cmpeq_epi16(_mm_load_si128(line + 1), wanted);
    const auto lanes = static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(low, high)));
    // Loads stay in order on x86; the compiler must leave them so.
    std::atomic_signal_fence(std::memory_order_acquire);
    return lanes >> 2 & ((1u << slots) - 1);
}
#else
inline SlotMask Bucket::matches(Tag tag) const noexcept { return matches_plain(tag); }
#endif

// Holds a bucket's lock, or does not: it tries a bounded time and never waits for anyone.
class BucketLock {
  public:
    static constexpr unsigned tries = 64;

    explicit BucketLock(Bucket& bucket, Writers writers = Writers::several) noexcept
        : bucket_(try_lock(bucket, writers) ? &bucket : nullptr) {}
    BucketLock(const BucketLock&) = delete;
    BucketLock& operator=(const BucketLock&) = delete;
    ~BucketLock() {
        if (bucket_ != nullptr) {
            const uint32_t now = bucket_->control.load(std::memory_order_relaxed);
            bucket_->control.store(Bucket::next_in_sequence(now), std::memory_order_release);
        }
    }
    bool held() const noexcept { return bucket_ != nullptr; }

  private:
    static bool try_lock(Bucket& bucket, Writers writers) noexcept {
        for (unsigned i = 0; i < tries; ++i) {
            uint32_t now = bucket.control.load(std::memory_order_relaxed);
            if ((now & Bucket::locked_bit) == 0 &&
                replace(bucket.control, now, Bucket::next_in_sequence(now), writers)) {
                return true;
            }
#if defined(__x86_64__)
            _mm_pause();
#endif
        }
        return false;
    }
    Bucket* bucket_;
};

}  // namespace sluice::flow
