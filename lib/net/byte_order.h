// SPDX-License-Identifier: BSD-3-Clause
// Integers in network byte order, as they stand on the wire.
//
// They refuse to mix with host integers: the only ways in and out are from_host() and host().
// Alignment is 1, so a header made of them may lie at any address.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>

namespace sluice::net {

template <typename T>
constexpr T swap_to_or_from_network(T value) noexcept {
    if constexpr (std::endian::native == std::endian::big) return value;
    if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(value));
    if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(value));
    if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(value));
}

template <typename T>
class BigEndian {
  public:
    BigEndian() = default;
    static constexpr BigEndian from_host(T value) noexcept {
        BigEndian result;
        result.store(swap_to_or_from_network(value));
        return result;
    }
    // Bytes that are in network order already.
    static constexpr BigEndian from_raw(T raw) noexcept {
        BigEndian result;
        result.store(raw);
        return result;
    }
    constexpr T host() const noexcept { return swap_to_or_from_network(raw()); }
    // The bytes as they stand, for checksums and comparisons that do not care about order.
    constexpr T raw() const noexcept {
        struct Bytes {
            unsigned char b[sizeof(T)];
        } copy;
        for (unsigned i = 0; i < sizeof(T); ++i) copy.b[i] = bytes_[i];
        return std::bit_cast<T>(copy);
    }
    constexpr bool operator==(const BigEndian&) const noexcept = default;

  private:
    constexpr void store(T raw) noexcept {
        struct Bytes {
            unsigned char b[sizeof(T)];
        };
        const auto copy = std::bit_cast<Bytes>(raw);
        for (unsigned i = 0; i < sizeof(T); ++i) bytes_[i] = copy.b[i];
    }
    unsigned char bytes_[sizeof(T)];
};

using Be16 = BigEndian<uint16_t>;
using Be32 = BigEndian<uint32_t>;
using Be64 = BigEndian<uint64_t>;
static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1);
static_assert(sizeof(Be32) == 4 && alignof(Be32) == 1);
static_assert(sizeof(Be64) == 8 && alignof(Be64) == 1);

constexpr Be16 be16(uint16_t value) noexcept { return Be16::from_host(value); }
constexpr Be32 be32(uint32_t value) noexcept { return Be32::from_host(value); }

}  // namespace sluice::net
