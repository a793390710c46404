// SPDX-License-Identifier: BSD-3-Clause
// How many threads change a table for as long as it is there. Where it is one alone, nobody comes
// between what it reads and what it writes, and it needs no locked instructions, each of which
// waits for all stores before it. Readers, of whom there may be any number, see the same steps in
// the same order.
#pragma once
#include <atomic>
#include <cstdint>

namespace sluice::flow {

enum class Writers : uint8_t { one, several };

// As compare_exchange_strong() with acquire and release.
template <typename T>
bool replace(std::atomic<T>& word, T& expected, T desired, Writers writers) noexcept {
    if (writers == Writers::several) {
        return word.compare_exchange_strong(expected, desired, std::memory_order_acq_rel);
    }
    const T found = word.load(std::memory_order_relaxed);
    const bool same = found == expected;
    if (same) word.store(desired, std::memory_order_release);
    expected = found;
    return same;
}

// As fetch_add(); a number below zero takes away.
template <typename T>
void add_to(std::atomic<T>& word, int by, Writers writers) noexcept {
    if (writers == Writers::several) {
        word.fetch_add(static_cast<T>(by), std::memory_order_relaxed);
        return;
    }
    const T now = word.load(std::memory_order_relaxed);
    word.store(now + static_cast<T>(by), std::memory_order_relaxed);
}

}  // namespace sluice::flow
