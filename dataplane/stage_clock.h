// SPDX-License-Identifier: BSD-3-Clause
// Counts the packets of each stage, and times the stages of one burst in 64: reading the counter
// costs as much as some stages do for a packet.
#pragma once
#include "dataplane/context.h"
#include "lib/tsc.h"

namespace sluice {

class StageClock {
  public:
    static constexpr uint32_t sample_every = 64;

    // Counts a burst; one object a burst and thread.
    explicit StageClock(Context& c) noexcept
        : context_(c), sampled_(c.bursts++ % sample_every == 0), last_(sampled_ ? read_tsc() : 0) {}

    // The time since the last lap was spent on these packets by this stage.
    void lap(layout::Stage stage, unsigned packets) noexcept {
        layout::StageCounters& counters = context_.stage(stage);
        counters.packets.add(packets);
        if (!sampled_) [[likely]]
            return;
        const uint64_t now = read_tsc();
        counters.sampled_packets.add(packets);
        counters.sampled_cycles.add(now - last_);
        last_ = now;
    }

  private:
    Context& context_;
    const bool sampled_;
    uint64_t last_;
};

}  // namespace sluice
