// SPDX-License-Identifier: BSD-3-Clause
// A count in shared memory with one writer and any number of readers.
#pragma once
#include <atomic>
#include <cstdint>

#include "lib/shm/words.h"

namespace sluice::layout {

class Counter {
  public:
    // One writer, so a plain load and store will do: no locked instruction on the packet path.
    void add(uint64_t n) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void set(uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
    uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<uint64_t> value_;
};
static_assert(sizeof(Counter) == 8 && std::atomic<uint64_t>::is_always_lock_free);

// Guards a block of plain words (lib/shm/words.h): one writer changes it, readers can tell
// whether they saw it whole. Odd while it is being written.
class Sequence {
  public:
    template <typename T>
    void write(T& shared, const T& value) noexcept {
        const uint32_t even = value_.load(std::memory_order_relaxed) & ~1u;
        value_.store(even + 1, std::memory_order_relaxed);
        shm::store_words(shared, value);
        value_.store(even + 2, std::memory_order_release);
    }
    // False when the writer was at it, or died at it; try again.
    template <typename T>
    bool read(T& value, const T& shared) const noexcept {
        const uint32_t before = value_.load(std::memory_order_acquire);
        if ((before & 1) != 0) return false;
        shm::load_words(value, shared);
        return value_.load(std::memory_order_relaxed) == before;
    }
    uint32_t value() const noexcept { return value_.load(std::memory_order_acquire); }

  private:
    std::atomic<uint32_t> value_;
};

}  // namespace sluice::layout
