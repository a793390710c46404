// SPDX-License-Identifier: BSD-3-Clause
// A token bucket that any thread may take from. It saves up a second's worth of tokens.
//
// Its one word says when the bucket will be full again; a token moves that by its price, the time
// in which one comes in, and must not move it further than a second from now. No lock: a thread
// that has to try again has lost to one that got a token, and of those there are few.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>

#include "lib/time_units.h"

namespace sluice {

class TokenBucket {
  public:
    bool take(uint64_t now_ns, uint32_t per_second) noexcept {
        if (per_second == 0) return false;
        uint64_t full = full_ns_.load(std::memory_order_relaxed);
        uint64_t after = 0;
        do {
            after = std::max(full, now_ns) + second_ns / per_second;
            if (after > now_ns + second_ns) return false;
        } while (!full_ns_.compare_exchange_weak(full, after, std::memory_order_relaxed));
        return true;
    }
    // A token that was taken and is not used after all.
    void give_back(uint32_t per_second) noexcept {
        full_ns_.fetch_sub(second_ns / per_second, std::memory_order_relaxed);
    }

  private:
    std::atomic<uint64_t> full_ns_{0};
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace sluice
