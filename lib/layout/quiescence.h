// SPDX-License-Identifier: BSD-3-Clause
// Quiescent states: how control learns that no worker uses what it has taken out of the table.
//
//   worker   holds nothing of the route table between two bursts; says so by a number that grows
//   control  takes something out, then notes all numbers, then waits until each has grown
//
// Both halves need a full barrier. Without the worker's, its next lookup could be done before the
// number is seen to grow; without control's, a number could be noted before the taking-out is
// seen. Either way memory would be reused under a reader (Desnoyers et al., "User-Level
// Implementations of Read-Copy Update", 2012, on the same hazard).
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "lib/layout/state.h"

namespace sluice::layout {

// Once a burst, when the worker holds nothing of the one before.
inline void pass_quiescent_state(WorkerBlock& worker) noexcept {
    worker.quiescent.store(worker.quiescent.load(std::memory_order_relaxed) + 1,
                           std::memory_order_seq_cst);
}

// Control's half. Made after something was taken out; passed() once every worker has let go.
class GracePeriod {
  public:
    GracePeriod(const State& state, uint32_t workers) noexcept
        : state_(state), workers_(std::min(workers, max_workers)) {
        __sync_synchronize();
        for (uint32_t w = 0; w < workers_; ++w) noted_[w] = number_of(w);
    }
    bool passed() const noexcept {
        for (uint32_t w = 0; w < workers_; ++w) {
            if (number_of(w) == noted_[w]) return false;
        }
        return true;
    }

  private:
    uint64_t number_of(uint32_t worker) const noexcept {
        return state_.workers[worker].quiescent.load(std::memory_order_acquire);
    }
    const State& state_;
    uint32_t workers_;
    std::array<uint64_t, max_workers> noted_;
};

}  // namespace sluice::layout
