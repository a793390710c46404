// SPDX-License-Identifier: BSD-3-Clause
// Blocks whose every word follows from one number, so that a block made of two shows.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace sluice::test {

constexpr uint64_t word_of(uint64_t number, uint64_t at) noexcept {
    return number + at * 0x9e3779b97f4a7c15;
}

// The first eight bytes become the number itself.
template <typename T>
void fill_from(T& block, uint64_t number) noexcept {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);
    auto* to = reinterpret_cast<unsigned char*>(&block);
    for (uint64_t at = 0; at < sizeof(T) / 8; ++at) {
        const uint64_t word = word_of(number, at);
        std::memcpy(to + 8 * at, &word, 8);
    }
}

template <typename T>
uint64_t number_of(const T& block) noexcept {
    uint64_t number;
    std::memcpy(&number, &block, 8);
    return number;
}

template <typename T>
bool is_whole(const T& block) noexcept {
    const auto* from = reinterpret_cast<const unsigned char*>(&block);
    const uint64_t number = number_of(block);
    for (uint64_t at = 0; at < sizeof(T) / 8; ++at) {
        uint64_t word;
        std::memcpy(&word, from + 8 * at, 8);
        if (word != word_of(number, at)) return false;
    }
    return true;
}

template <unsigned Words>
struct Block {
    uint64_t words[Words];
};

}  // namespace sluice::test
