// SPDX-License-Identifier: BSD-3-Clause
// Asks the workers to record packets, and gathers what they recorded for whoever asked.
// One request at a time stands in the intent memory: the newest.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "control/intent/intent_writer.h"
#include "control/state/state_view.h"
#include "lib/layout/intent.h"

namespace sluice::trace {

class Traces {
  public:
    static constexpr size_t kept = 1000;
    static constexpr uint32_t most = 1000;  // packets of one request

    struct Seen {
        uint64_t place;  // grows; where a reader goes on
        unsigned worker;
        layout::TraceRecord record;
    };

    // Numbers go on where another control stopped.
    explicit Traces(const layout::Intent& intent);

    // Why a filter may not be given to the workers; empty if it may.
    static std::string why_not(std::span<const layout::FilterInstruction> filter);

    // The request's number. `filter`: checked by why_not(); empty: all packets.
    uint64_t request(intent::IntentWriter& intent, uint32_t count, layout::InterfaceId interface,
                     std::span<const layout::FilterInstruction> filter);
    // No more packets are recorded.
    void stop(intent::IntentWriter& intent);
    uint64_t number() const { return number_; }

    void drain(const state::StateView& view);
    // The records of a request that came after this place, the oldest first.
    std::vector<Seen> since(uint64_t request, uint64_t place) const;

  private:
    uint64_t number_ = 0;
    uint64_t places_ = 0;
    uint64_t opening_ = 0;
    std::deque<Seen> seen_;
    std::array<uint64_t, layout::max_workers> next_{};
};

}  // namespace sluice::trace
