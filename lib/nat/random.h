// SPDX-License-Identifier: BSD-3-Clause
// Random numbers that who has seen many of them can not tell the next one from (RFC 6056 section
// 3.1): SipHash-1-3 (Aumasson and Bernstein, 2012) of a count, under a key from the kernel. A few
// nanoseconds each; one thread's.
#pragma once
#include <array>
#include <bit>
#include <cstdint>

namespace sluice::nat {

class Random {
  public:
    Random();  // throws std::system_error if the kernel gives no key
    // For tests: the same numbers each time.
    explicit constexpr Random(uint64_t key) noexcept : key_{key, key} {}

    static constexpr unsigned most_ahead = 64;

    // 0 to n - 1 (Lemire, 2016), n at least 1.
    uint32_t below(uint32_t n) noexcept {
        const uint32_t drawn = peek_below(n, 0);
        skip();
        return drawn;
    }
    // What below() will draw after `later` other draws; `later` is less than most_ahead.
    uint32_t peek_below(uint32_t n, unsigned later) noexcept {
        while (ready_ <= count_ + later) make_two();
        return static_cast<uint32_t>(uint64_t{ring_[(count_ + later) % ring_.size()]} * n >> 32);
    }
    // How many were drawn; and to draw one that was looked at before.
    uint64_t drawn() const noexcept { return count_; }
    void skip() noexcept { ++count_; }

  private:
    void make_two() noexcept {
        const uint64_t two = hash(ready_ / 2);
        ring_[ready_++ % ring_.size()] = static_cast<uint32_t>(two);
        ring_[ready_++ % ring_.size()] = static_cast<uint32_t>(two >> 32);
    }
    uint64_t hash(uint64_t message) const noexcept {
        uint64_t v[4] = {key_[0] ^ 0x736f6d6570736575, key_[1] ^ 0x646f72616e646f6d,
                         key_[0] ^ 0x6c7967656e657261, key_[1] ^ 0x7465646279746573};
        v[3] ^= message;
        round(v);
        v[0] ^= message;
        v[2] ^= 0xff;
        for (unsigned i = 0; i < 3; ++i) round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
    }
    static void round(uint64_t (&v)[4]) noexcept {
        v[0] += v[1];
        v[1] = std::rotl(v[1], 13) ^ v[0];
        v[0] = std::rotl(v[0], 32);
        v[2] += v[3];
        v[3] = std::rotl(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = std::rotl(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = std::rotl(v[1], 17) ^ v[2];
        v[2] = std::rotl(v[2], 32);
    }
    uint64_t key_[2];
    uint64_t count_ = 0;  // drawn
    uint64_t ready_ = 0;  // made; those between wait in the ring
    std::array<uint32_t, 2 * most_ahead> ring_{};
};

}  // namespace sluice::nat
