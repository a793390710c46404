// SPDX-License-Identifier: BSD-3-Clause
// Which flow is next, round after round, and the number of the round.
#pragma once
#include <cstdint>
#include <optional>

#include "bench/generator/flows.h"

namespace sluice::generator {

class Walk {
  public:
    // Only flows that a NAT must translate and is not known to have translated yet; or all but
    // these, which alone can be replied to.
    enum class Over { all, unopened, open };

    Walk(const Flows& flows, const Translations* translations) noexcept
        : flows_(flows), translations_(translations) {}

    struct Step {
        FlowNumber flow;
        uint32_t round;
    };
    // Nothing where a whole round has no such flow.
    std::optional<Step> next(Over over) noexcept {
        for (uint32_t tries = flows_.count(); tries > 0; --tries) {
            const Step step{flows_.in_order(place_), round_};
            if (++place_ == flows_.count()) advance();
            if (over == Over::all) return step;
            const bool is_open = flows_.treatment(step.flow) != Treatment::translated ||
                                 translations_->known(step.flow);
            if (is_open == (over == Over::open)) return step;
        }
        return {};
    }

  private:
    void advance() noexcept {
        place_ = 0;
        ++round_;
    }
    const Flows& flows_;
    const Translations* translations_;
    uint32_t place_ = 0;
    uint32_t round_ = 0;
};

}  // namespace sluice::generator
