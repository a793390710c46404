// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/trial.h"

#include <algorithm>
#include <numeric>

namespace sluice::generator {
namespace {

constexpr double noticeable_loss = 0.001;
constexpr double often_held_up = 0.1;

template <typename Number, typename Of>
Number sum_over(const TrialResult& trial, Of&& of) {
    return std::accumulate(
        trial.streams.begin(), trial.streams.end(), Number{},
        [&of](Number n, const StreamResult& s) { return n + static_cast<Number>(of(s)); });
}

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

}  // namespace

uint64_t StreamResult::lost() const noexcept {
    return sent.packets > counts.packets ? sent.packets - counts.packets : 0;
}

double StreamResult::held_up() const noexcept {
    return ratio(static_cast<double>(sent.held_up), static_cast<double>(sent.bursts));
}

double TrialResult::offered_pps() const noexcept {
    return ratio(sum_over<double>(*this, [](const auto& s) { return s.sent.packets; }), seconds);
}

double TrialResult::received_pps() const noexcept {
    return ratio(sum_over<double>(*this, [](const auto& s) { return s.received_in_time; }),
                 seconds);
}

double TrialResult::loss() const noexcept {
    return ratio(sum_over<double>(*this, [](const auto& s) { return s.lost(); }),
                 sum_over<double>(*this, [](const auto& s) { return s.sent.packets; }));
}

uint64_t TrialResult::faults() const noexcept {
    return shared_translations +
           sum_over<uint64_t>(*this, [](const auto& s) { return s.counts.all_faults(); });
}

Limit limit_of(const TrialResult& trial, double wanted_pps) noexcept {
    const bool is_held_up = std::ranges::any_of(
        trial.streams, [](const StreamResult& s) { return s.held_up() > often_held_up; });
    if (is_held_up || trial.loss() > noticeable_loss) return Limit::router;
    const double wanted = wanted_pps * static_cast<double>(trial.streams.size());
    return wanted == 0 || trial.offered_pps() < 0.99 * wanted ? Limit::generator : Limit::none;
}

}  // namespace sluice::generator
