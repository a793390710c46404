// SPDX-License-Identifier: BSD-3-Clause
// How many packets are due: as evenly as a loop that is now and then held up can send them.
#pragma once
#include <algorithm>
#include <cstdint>

namespace sluice::generator {

class Pacer {
  public:
    // After being held up it sends no more than `most_behind` packets at once; those it never sent
    // are missed, for a burst of them all would measure the router's queues instead of its speed.
    Pacer(double packets_per_second, double tsc_hz, uint64_t start_tsc,
          uint64_t most_behind) noexcept
        : per_cycle_(packets_per_second / tsc_hz), start_(start_tsc), most_behind_(most_behind) {}

    uint64_t due(uint64_t now_tsc) noexcept {
        const auto planned =
            static_cast<uint64_t>(per_cycle_ * static_cast<double>(now_tsc - start_));
        const uint64_t behind = planned > gone_ ? planned - gone_ : 0;
        if (behind <= most_behind_) return behind;
        missed_ += behind - most_behind_;
        gone_ = planned - most_behind_;
        return most_behind_;
    }
    void sent(uint64_t packets) noexcept { gone_ += packets; }
    uint64_t missed() const noexcept { return missed_; }

  private:
    double per_cycle_;
    uint64_t start_;
    uint64_t most_behind_;
    uint64_t gone_ = 0;  // sent or missed
    uint64_t missed_ = 0;
};

}  // namespace sluice::generator
