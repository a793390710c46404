// SPDX-License-Identifier: BSD-3-Clause
// Copies blocks in and out of shared memory a word at a time, each word an atomic of its own.
//
// A block is larger than one atomic, so a reader can see it half changed; it finds that out by a
// number that stands beside the block (a sequence, a generation). For that number to tell the
// truth, no word may move across it: storing a word is a release and loading one an acquire,
// which costs nothing on x86 and needs no fence, so that the thread sanitizer can follow.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace sluice::shm {

template <typename T>
concept WordBlock = std::is_trivially_copyable_v<T> && sizeof(T) % 4 == 0 && alignof(T) >= 4;

template <WordBlock T>
void store_words(T& shared, const T& value) noexcept {
    auto* to = reinterpret_cast<uint32_t*>(&shared);
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    for (size_t i = 0; i < sizeof(T) / 4; ++i) {
        uint32_t word;
        std::memcpy(&word, from + 4 * i, 4);
        std::atomic_ref<uint32_t>(to[i]).store(word, std::memory_order_release);
    }
}

template <WordBlock T>
void load_words(T& value, const T& shared) noexcept {
    auto* from = reinterpret_cast<uint32_t*>(const_cast<T*>(&shared));
    auto* to = reinterpret_cast<std::byte*>(&value);
    for (size_t i = 0; i < sizeof(T) / 4; ++i) {
        const uint32_t word = std::atomic_ref<uint32_t>(from[i]).load(std::memory_order_acquire);
        std::memcpy(to + 4 * i, &word, 4);
    }
}

}  // namespace sluice::shm
