// SPDX-License-Identifier: BSD-3-Clause
// Copies blocks in and out of shared memory a word at a time, each word an atomic of its own.
//
// A block is larger than one atomic, so a reader can see it half changed; it finds that out by a
// number that stands beside the block (a sequence, a generation). For that number to tell the
// truth, no word may move across it: storing a word is a release and loading one an acquire,
// which costs nothing on x86 and needs no fence, so that the thread sanitizer can follow.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace sluice::shm {

template <typename T>
concept WordBlock = std::is_trivially_copyable_v<T> && sizeof(T) % 4 == 0 && alignof(T) >= 4;

template <WordBlock T>
using WordOf = std::conditional_t<sizeof(T) % 8 == 0 && alignof(T) >= 8, uint64_t, uint32_t>;

template <WordBlock T>
void store_words(T& shared, const T& value) noexcept {
    using Word = WordOf<T>;
    auto* to = reinterpret_cast<Word*>(&shared);
    const auto* from = reinterpret_cast<const std::byte*>(&value);
#pragma GCC unroll 8
    for (size_t i = 0; i < sizeof(T) / sizeof(Word); ++i) {
        Word word;
        std::memcpy(&word, from + sizeof word * i, sizeof word);
        std::atomic_ref<Word>(to[i]).store(word, std::memory_order_release);
    }
}

// The same of what is already in words.
template <size_t N, WordBlock T>
void store_words(T& shared, const std::array<uint64_t, N>& words) noexcept {
    static_assert(sizeof(T) == sizeof words && alignof(T) >= 8);
    auto* to = reinterpret_cast<uint64_t*>(&shared);
#pragma GCC unroll 8
    for (size_t i = 0; i < N; ++i) {
        std::atomic_ref<uint64_t>(to[i]).store(words[i], std::memory_order_release);
    }
}

template <WordBlock T>
void load_words(T& value, const T& shared) noexcept {
    using Word = WordOf<T>;
    auto* from = reinterpret_cast<Word*>(const_cast<T*>(&shared));
    auto* to = reinterpret_cast<std::byte*>(&value);
    for (size_t i = 0; i < sizeof(T) / sizeof(Word); ++i) {
        const Word word = std::atomic_ref<Word>(from[i]).load(std::memory_order_acquire);
        std::memcpy(to + sizeof word * i, &word, sizeof word);
    }
}

}  // namespace sluice::shm
