// SPDX-License-Identifier: BSD-3-Clause
// Queues as a worker sees them: where it takes packets from and where it puts them.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include <sched.h>

#include "lib/layout/limits.h"

namespace sluice::port {

// For a transmit queue that several workers share. They may share a core too, so who waits long
// lets the holder run.
class Lock {
  public:
    void lock() noexcept {
        for (unsigned spins = 0; held_.test_and_set(std::memory_order_acquire); ++spins) {
            if (spins > 64) ::sched_yield();
        }
    }
    void unlock() noexcept { held_.clear(std::memory_order_release); }

  private:
    std::atomic_flag held_;
};

struct RxQueue {
    layout::InterfaceId interface;
    uint16_t port;
    uint16_t queue;
};

struct TxQueue {
    bool exists = false;
    bool one_segment = false;  // the device takes no chains
    uint16_t port = 0;
    uint16_t queue = 0;
    Lock* lock = nullptr;  // nobody else uses it
};
using TxQueues = std::array<TxQueue, layout::max_ports>;

}  // namespace sluice::port
