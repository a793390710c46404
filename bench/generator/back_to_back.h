// SPDX-License-Identifier: BSD-3-Clause
// The longest burst of packets, one behind the other as fast as they can be sent, of which the
// router loses none: RFC 9004, which updates RFC 2544 26.4. It tells how much a router can keep.
//
// Each test halves its interval as a search for a rate does, with a burst that lost some repeated
// before that is believed; tests are repeated, since a burst is short and the machine has gaps.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace sluice::generator {

struct BurstGoal {
    uint64_t most = 1'000'000;  // packets
    double width = 0.005;       // of the interval that the length is in, relative to its upper end
    unsigned repeats = 1;       // of a burst that lost some
    unsigned tests = 50;        // RFC 2544 26.4 wants that many
};

struct BurstOutcome {
    double offered_pps = 0;
    bool whole = false;  // nothing was lost, and the device took all without a wait
};

struct BackToBack {
    std::vector<uint64_t> lengths;  // the longest whole burst of each test
    double mean_length = 0;
    double deviation = 0;
    double offered_pps = 0;        // mean, of the whole bursts
    bool limited_by_goal = false;  // some test's longest burst is the longest that was tried

    // As RFC 9004 reckons: how long packets of that rate fill what the router can keep; and the
    // same without those that it forwards meanwhile, where its throughput is known.
    double implied_seconds() const noexcept;
    double corrected_seconds(double throughput_pps) const noexcept;
};

// Throws what `send` throws.
using SendBurst = std::function<BurstOutcome(uint64_t packets)>;
BackToBack search_burst(const BurstGoal& goal, const SendBurst& send);

}  // namespace sluice::generator
