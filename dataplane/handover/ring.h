// SPDX-License-Identifier: BSD-3-Clause
// A queue of packets from one worker to another.
//
//   role    writes           reads
//   giver   slots, tail_     head_, when its copy says that the ring is full
//   taker   head_            slots, tail_
//   anyone                   whether it is empty
//
// Slot n lies at n modulo the size; head_ and tail_ only grow. Slots from head_ to tail_ are the
// taker's, the others the giver's.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

struct rte_mbuf;

namespace sluice::handover {

class Ring {
  public:
    static constexpr unsigned size = 1024;

    // Giver: puts in as many as there is room for, the first ones; returns how many those are.
    unsigned give(rte_mbuf* const* packets, unsigned count) noexcept {
        const uint32_t tail = tail_.load(std::memory_order_relaxed);
        if (size - (tail - known_head_) < count) {
            known_head_ = head_.load(std::memory_order_acquire);
        }
        const unsigned n = std::min(count, size - (tail - known_head_));
        for (unsigned i = 0; i < n; ++i) slots_[(tail + i) % size] = packets[i];
        // In one order with the bell's word: see bell.h.
        tail_.store(tail + n, std::memory_order_seq_cst);
        return n;
    }

    // Taker: the oldest ones, at most so many; returns how many those are.
    unsigned take(rte_mbuf** packets, unsigned most) noexcept {
        const uint32_t head = head_.load(std::memory_order_relaxed);
        const unsigned n = std::min(most, tail_.load(std::memory_order_acquire) - head);
        for (unsigned i = 0; i < n; ++i) packets[i] = slots_[(head + i) % size];
        if (n > 0) head_.store(head + n, std::memory_order_release);
        return n;
    }

    bool empty() const noexcept {
        return tail_.load(std::memory_order_seq_cst) == head_.load(std::memory_order_relaxed);
    }

  private:
    alignas(64) std::atomic<uint32_t> tail_{0};
    uint32_t known_head_ = 0;  // the giver's copy
    alignas(64) std::atomic<uint32_t> head_{0};
    alignas(64) std::array<rte_mbuf*, size> slots_{};
};
static_assert((Ring::size & (Ring::size - 1)) == 0);

}  // namespace sluice::handover
