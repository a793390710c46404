// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/back_to_back.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sluice::generator {
namespace {

class BurstSearch {
  public:
    BurstSearch(const BurstGoal& goal, const SendBurst& send) : goal_(goal), send_(send) {}

    // One test: the longest burst that came whole; 0: none did.
    uint64_t longest() {
        if (comes_whole(goal_.most)) return goal_.most;
        uint64_t low = 0, high = goal_.most;
        while (high - low > std::max(1.0, goal_.width * static_cast<double>(high))) {
            const uint64_t middle = low + (high - low) / 2;
            (comes_whole(middle) ? low : high) = middle;
        }
        return low;
    }
    double mean_offered_pps() const { return whole_ == 0 ? 0 : offered_ / whole_; }

  private:
    bool comes_whole(uint64_t packets) {
        for (unsigned tries = 0; tries <= goal_.repeats; ++tries) {
            const BurstOutcome outcome = send_(packets);
            if (!outcome.whole) continue;
            offered_ += outcome.offered_pps;
            ++whole_;
            return true;
        }
        return false;
    }

    const BurstGoal& goal_;
    const SendBurst& send_;
    double offered_ = 0;
    unsigned whole_ = 0;
};

double mean_of(const std::vector<uint64_t>& values) {
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double deviation_of(const std::vector<uint64_t>& values, double mean) {
    double squares = 0;
    for (const uint64_t v : values) squares += std::pow(static_cast<double>(v) - mean, 2);
    return values.size() < 2 ? 0 : std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace

BackToBack search_burst(const BurstGoal& goal, const SendBurst& send) {
    BurstSearch search(goal, send);
    BackToBack found;
    for (unsigned test = 0; test < goal.tests; ++test) {
        found.lengths.push_back(search.longest());
        found.limited_by_goal |= found.lengths.back() == goal.most;
    }
    found.mean_length = mean_of(found.lengths);
    found.deviation = deviation_of(found.lengths, found.mean_length);
    found.offered_pps = search.mean_offered_pps();
    return found;
}

double BackToBack::implied_seconds() const noexcept {
    return offered_pps == 0 ? 0 : mean_length / offered_pps;
}

double BackToBack::corrected_seconds(double throughput_pps) const noexcept {
    if (offered_pps == 0) return 0;
    return implied_seconds() * std::max(0.0, 1 - throughput_pps / offered_pps);
}

}  // namespace sluice::generator
