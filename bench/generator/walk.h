// SPDX-License-Identifier: BSD-3-Clause
// Which flow is next, round after round. Each is met once a round, so the number of the round is
// the sequence number of its packet.
#pragma once
#include <cstdint>
#include <optional>

#include "bench/generator/flows.h"

namespace sluice::generator {

class Walk {
  public:
    // Only flows that a NAT must translate and is not known to have translated yet; or all but
    // these, which alone can be replied to. The former are walked in another order: a router's
    // sessions would otherwise lie in the order in which they are used, which no traffic grants.
    enum class Over { all, unopened, open };

    Walk(const Flows& flows, const Translations* translations) noexcept
        : flows_(flows), translations_(translations) {}

    struct Step {
        FlowNumber flow;
        uint32_t round;
    };
    // Another order begins with another round, or it would meet flows of this one again.
    void go(Over over) noexcept {
        if (over != over_) begin_round();
        over_ = over;
    }
    // Nothing where a whole round has no such flow.
    std::optional<Step> next() noexcept {
        for (uint32_t tries = flows_.count(); tries > 0; --tries) {
            const Step step{over_ == Over::unopened ? flows_.scattered(place_) : place_, round_};
            if (++place_ == flows_.count()) begin_round();
            if (over_ == Over::all || is_open(step.flow) == (over_ == Over::open)) return step;
        }
        return {};
    }
    Over over() const noexcept { return over_; }

  private:
    void begin_round() noexcept {
        place_ = 0;
        ++round_;
    }
    bool is_open(FlowNumber flow) const noexcept {
        return flows_.treatment(flow) != Treatment::translated || translations_->known(flow);
    }
    const Flows& flows_;
    const Translations* translations_;
    Over over_ = Over::all;
    uint32_t place_ = 0;
    uint32_t round_ = 0;
};

}  // namespace sluice::generator
