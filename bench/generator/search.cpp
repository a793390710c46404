// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/search.h"

#include <algorithm>

namespace sluice::generator {
namespace {

constexpr double all_that_can_be_sent = 0;
constexpr double offered_enough = 0.99;  // of what was wanted: else the generator is the limit

class Search {
  public:
    Search(const SearchGoal& goal, const RunTrial& trial) : goal_(goal), trial_(trial) {}

    SearchResult run() {
        const SearchStep& first = step(all_that_can_be_sent);
        high_ = first.outcome.offered_pps;
        if (first.passed) {
            passed_at_the_limit(first.outcome.offered_pps);
        } else {
            double next = std::min(first.outcome.received_pps, high_ * (1 - goal_.width));
            if (next < goal_.least_pps) next = high_ / 2;
            while (goes_on()) {
                halve(next);
                next = (low_ + high_) / 2;
            }
        }
        result_.pps = low_;
        result_.width = high_ > 0 ? (high_ - low_) / high_ : 0;
        return std::move(result_);
    }

  private:
    bool goes_on() const {
        return !result_.limited_by_generator && high_ > goal_.least_pps &&
               high_ - low_ > goal_.width * high_;
    }

    void halve(double pps) {
        const SearchStep& at = step(pps);
        const double offered = at.outcome.offered_pps;
        if (!at.passed) {
            high_ = pps;
        } else if (offered < offered_enough * pps) {
            passed_at_the_limit(offered);
        } else {
            low_ = std::max(low_, offered);
        }
    }

    void passed_at_the_limit(double offered) {
        result_.limited_by_generator = true;
        low_ = high_ = offered;
    }

    const SearchStep& step(double pps) {
        for (unsigned tries = 0;; ++tries) {
            const TrialOutcome outcome = trial_(pps);
            result_.steps.push_back({pps, outcome, outcome.loss <= goal_.loss});
            const SearchStep& done = result_.steps.back();
            // The first is no candidate: it only says where to begin.
            const bool is_verdict = done.passed || pps == all_that_can_be_sent;
            if (is_verdict || tries >= goal_.repeats) return done;
        }
    }

    const SearchGoal& goal_;
    const RunTrial& trial_;
    double low_ = 0;
    double high_ = 0;
    SearchResult result_;
};

}  // namespace

SearchResult search_rate(const SearchGoal& goal, const RunTrial& trial) {
    return Search(goal, trial).run();
}

}  // namespace sluice::generator
