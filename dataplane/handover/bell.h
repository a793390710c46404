// SPDX-License-Identifier: BSD-3-Clause
// What a worker sleeps by, so that who hands it packets can wake it.
//
//   sleeper   asleep_ = 1 ──▶ is there work? ──no──▶ wait, at most so long ──▶ asleep_ = 0
//   ringer    (work put in) ──▶ asleep_ == 1? ──yes──▶ asleep_ = 0, wake
//
// Work and asleep_ are written and read in one total order. So either the sleeper sees the work,
// or the ringer sees it asleep.
#pragma once
#include <atomic>
#include <cstdint>

namespace sluice::handover {

class Bell {
  public:
    // Sleeps for that long, or until rung, or not at all when there is work.
    template <typename HasWork>
    void sleep(uint64_t ns, HasWork&& has_work) noexcept {
        asleep_.store(1, std::memory_order_seq_cst);
        if (!has_work()) wait(ns);
        asleep_.store(0, std::memory_order_relaxed);
    }

    // Any thread, after it has put in work. A load while nobody sleeps, else a system call.
    void ring() noexcept {
        if (asleep_.load(std::memory_order_seq_cst) != 0) [[unlikely]]
            wake();
    }

  private:
    void wait(uint64_t ns) noexcept;
    void wake() noexcept;

    alignas(64) std::atomic<uint32_t> asleep_{0};
};

}  // namespace sluice::handover
