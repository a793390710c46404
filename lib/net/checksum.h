// SPDX-License-Identifier: BSD-3-Clause
// The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
//
// Sums are over 16-bit words as they lie in memory; the ones' complement sum does not care
// which end comes first (RFC 1071 section 2B), so nothing is ever swapped.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "lib/net/byte_order.h"
#include "lib/net/wire.h"

namespace sluice::net {

constexpr uint16_t fold(uint64_t sum) noexcept {
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(sum);
}

// Ones' complement sum of `length` bytes, not folded. An odd last byte counts as padded with a
// zero; sums of pieces may be added as long as every piece but the last has an even length.
inline uint64_t sum_words(const void* data, size_t length) noexcept {
    const auto* bytes = static_cast<const unsigned char*>(data);
    uint64_t sum = 0;
    for (; length >= 4; length -= 4, bytes += 4) {
        uint32_t word;
        std::memcpy(&word, bytes, 4);
        sum += word;
    }
    if (length >= 2) {
        uint16_t word;
        std::memcpy(&word, bytes, 2);
        sum += word;
        bytes += 2;
        length -= 2;
    }
    if (length == 1) {
        uint16_t word = 0;
        std::memcpy(&word, bytes, 1);
        sum += word;
    }
    return sum;
}

// What the checksum field must hold, given a sum taken with that field zero. As it lies in memory.
inline Be16 checksum_of(uint64_t sum) noexcept {
    return Be16::from_raw(static_cast<uint16_t>(~fold(sum)));
}

// True when the bytes, their checksum field included, sum to all ones.
inline bool checksum_holds(const void* data, size_t length) noexcept {
    return fold(sum_words(data, length)) == 0xffff;
}

// The checksum after one 16-bit word it covers has changed: HC' = ~(~HC + ~m + m'), RFC 1624
// equation 3, which is right also where equation 4 of RFC 1141 gives 0x0000 for 0xffff.
constexpr Be16 checksum_adjust(Be16 checksum, Be16 before, Be16 after) noexcept {
    uint32_t sum = static_cast<uint16_t>(~checksum.host());
    sum += static_cast<uint16_t>(~before.host());
    sum += after.host();
    return be16(static_cast<uint16_t>(~fold(sum)));
}

inline void fill_checksum(Ipv4Header& ip) noexcept {
    ip.checksum = be16(0);
    ip.checksum = checksum_of(sum_words(&ip, ip.header_length()));
}

// One hop older. The ttl is the high byte of its 16-bit word, so one hop takes 0x0100 from it.
inline void age(Ipv4Header& ip) noexcept {
    const auto before = be16(static_cast<uint16_t>(ip.ttl << 8 | ip.protocol));
    --ip.ttl;
    ip.checksum = checksum_adjust(ip.checksum, before,
                                  be16(static_cast<uint16_t>(ip.ttl << 8 | ip.protocol)));
}

}  // namespace sluice::net
