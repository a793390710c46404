// SPDX-License-Identifier: BSD-3-Clause
// The highest rate at which no more is lost than is allowed: RFC 2544 26.1, by halving the
// interval, with the loss of a trial verified by repeating it (binary search with loss
// verification, ETSI GS NFV-TST 009 12.3.3, as RFC 9004 has it). As MLRsearch does, it begins
// at what came through of all that could be sent, and ends at a relative width.
#pragma once
#include <functional>
#include <vector>

namespace sluice::generator {

struct SearchGoal {
    double loss = 0;       // share of packets: 0 for NDR, more for PDR
    double width = 0.005;  // of the interval that the rate is in, relative to its upper end
    unsigned repeats = 1;  // of a trial that lost more, before that is believed
    double least_pps = 1000;
};

struct TrialOutcome {
    double offered_pps = 0;
    double received_pps = 0;
    double loss = 0;
};

struct SearchStep {
    double wanted_pps;
    TrialOutcome outcome;
    bool passed;
};

struct SearchResult {
    double pps = 0;                     // the highest that was offered and passed; 0: none did
    double width = 0;                   // of the interval that was left
    bool limited_by_generator = false;  // it could offer no more than that
    std::vector<SearchStep> steps;
};

// One trial; a rate of 0 asks for all that can be sent. Throws what `trial` throws.
using RunTrial = std::function<TrialOutcome(double pps)>;
SearchResult search_rate(const SearchGoal& goal, const RunTrial& trial);

}  // namespace sluice::generator
