// SPDX-License-Identifier: BSD-3-Clause
// Counts the packets of each stage, and times the stages of one burst in 64: reading the counter
// costs as much as some stages do for a packet.
//
// A batch that is full is given to its device in the middle of whatever stage filled it. That
// time is the stage `transmit`'s alone, so that the stages of a burst add up to what it took.
#pragma once
#include "dataplane/context.h"
#include "lib/tsc.h"

namespace sluice {

class StageClock {
  public:
    static constexpr uint32_t sample_every = 64;

    // Whether the next burst is one of those that are timed.
    static bool is_due(const Context& c) noexcept { return c.bursts % sample_every == 0; }

    explicit StageClock(Context& c) noexcept
        : context_(c), last_(c.timed ? read_tsc() : 0), spent_(c.transmitter.spent_cycles()) {}

    // The time since the last lap was spent on these packets by this stage.
    void lap(layout::Stage stage, unsigned packets) noexcept {
        layout::StageCounters& counters = context_.stage(stage);
        counters.packets.add(packets);
        if (!context_.timed) [[likely]]
            return;
        const uint64_t now = read_tsc();
        const uint64_t spent = context_.transmitter.spent_cycles();
        counters.sampled_packets.add(packets);
        counters.sampled_cycles.add(now - last_ - (spent - spent_));
        last_ = now;
        spent_ = spent;
    }

  private:
    Context& context_;
    uint64_t last_;
    uint64_t spent_;  // by the transmitter
};

}  // namespace sluice
