// SPDX-License-Identifier: BSD-3-Clause
// What tells one flow of packets from another, and its hash.
#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "lib/net/byte_order.h"

namespace sluice::flow {

// As the packets of the flow look when they arrive. The fields are in network order, unlike
// other addresses in shared memory: they are taken from headers and written into headers, and
// are never counted with. The first twelve bytes lie as in an IPv4 packet without options.
//
// Ports are 0 where a protocol has none. An ICMP query has its identifier as the source port
// on its way out and as the destination port on its way back (RFC 5508), and 0 as the other.
// `realm` is the address realm (RFC 2663) that the addresses belong to, 0 where there is one.
struct alignas(16) FlowKey {
    net::Be32 source;
    net::Be32 destination;
    net::Be16 source_port;
    net::Be16 destination_port;
    uint8_t protocol;
    uint8_t realm;
    uint8_t reserved[2];  // zero: whole keys are compared

    bool operator==(const FlowKey&) const noexcept = default;
};
static_assert(sizeof(FlowKey) == 16 && std::is_trivially_copyable_v<FlowKey>);
static_assert(std::has_unique_object_representations_v<FlowKey>);

// A key as two words: made in one piece, it can be hashed from registers.
static_assert(std::endian::native == std::endian::little);
inline FlowKey key_of_words(uint64_t low, uint64_t high) noexcept {
    return std::bit_cast<FlowKey>(std::array<uint64_t, 2>{low, high});
}

struct KeyWords {
    uint64_t low;   // addresses
    uint64_t high;  // ports and the rest
};
inline KeyWords words_of(const FlowKey& key) noexcept {
    KeyWords words;
    std::memcpy(&words.low, &key, 8);
    std::memcpy(&words.high, reinterpret_cast<const char*>(&key) + 8, 8);
    return words;
}

// As an answer's key is, where nothing else changes.
inline FlowKey turned(const FlowKey& key) noexcept {
    const auto [low, high] = words_of(key);
    const uint32_t ports = std::rotl(static_cast<uint32_t>(high), 16);
    return key_of_words(std::rotl(low, 32), (high >> 32 << 32) | ports);
}
inline FlowKey with_source(const FlowKey& key, net::Be32 source, net::Be16 port) noexcept {
    const auto [low, high] = words_of(key);
    return key_of_words((low >> 32 << 32) | source.raw(), (high >> 16 << 16) | port.raw());
}

// Unknown to senders, so that none can choose addresses and ports that fill one bucket.
struct HashSecret {
    std::array<uint64_t, 4> words;
};
HashSecret random_secret();

// 64 x 64 to 128 bits, folded: wyhash's step (Wang Yi, 2019).
inline uint64_t fold_product(uint64_t a, uint64_t b) noexcept {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t hash_of(const FlowKey& key, const HashSecret& secret) noexcept {
    const auto [low, high] = words_of(key);
    const uint64_t mixed = fold_product(low ^ secret.words[0], high ^ secret.words[1]);
    return fold_product(mixed ^ secret.words[2], secret.words[3]);
}

}  // namespace sluice::flow
