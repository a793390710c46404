// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/search.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace sluice::generator {
namespace {

// A router that forwards so much and loses the rest, and a generator that sends so much at most.
struct Bench {
    double router_pps;
    double generator_pps = 20e6;
    double always_lost = 0;

    TrialOutcome operator()(double wanted) const {
        const double offered = wanted == 0 ? generator_pps : std::min(wanted, generator_pps);
        const double through = std::min(offered, router_pps) * (1 - always_lost);
        return {offered, through, 1 - through / offered};
    }
};

TEST(SearchRate, FindsWhatTheRouterForwardsWithinTheWidth) {
    for (const double truth : {3e3, 1e6, 9.87e6, 19.99e6}) {
        const SearchResult found = search_rate({0, 0.005, 0}, Bench{truth});
        EXPECT_LE(found.pps, truth);
        EXPECT_GE(found.pps, truth * 0.995);
        EXPECT_LE(found.width, 0.005);
        EXPECT_FALSE(found.limited_by_generator);
    }
}

TEST(SearchRate, BeginsNearTheEnd) {
    EXPECT_LE(search_rate({0, 0.005, 0}, Bench{9e6}).steps.size(), 12u);
}

TEST(SearchRate, SaysWhenTheGeneratorIsTheLimit) {
    const SearchResult found = search_rate({0, 0.005, 0}, Bench{30e6});
    EXPECT_EQ(found.pps, 20e6);
    EXPECT_TRUE(found.limited_by_generator);
    EXPECT_EQ(found.steps.size(), 1u);
}

TEST(SearchRate, AllowsTheLossThatItsGoalAllows) {
    EXPECT_EQ(search_rate({0, 0.005, 0}, Bench{9e6, 20e6, 0.001}).pps, 0);
    const SearchResult partial = search_rate({0.005, 0.001, 0}, Bench{9e6, 20e6, 0.001});
    EXPECT_NEAR(partial.pps, 9e6 * 0.999 / 0.995, 0.002 * 9e6);
}

TEST(SearchRate, OfARouterThatLosesEverythingIsZeroAndEnds) {
    const SearchResult found = search_rate({0, 0.005, 0}, Bench{0});
    EXPECT_EQ(found.pps, 0);
    EXPECT_LT(found.steps.size(), 20u);
}

TEST(SearchRate, BelievesALossOnlyWhenItComesAgain) {
    // Each first trial at a rate loses something, as when the machine was held up.
    double last = -1;
    const auto disturbed = [&](double pps) {
        TrialOutcome outcome = Bench{9e6}(pps);
        if (pps != last) outcome.loss = std::max(outcome.loss, 1e-6);
        last = pps;
        return outcome;
    };
    EXPECT_LT(search_rate({0, 0.005, 0}, disturbed).pps, 1e6);
    last = -1;
    EXPECT_GE(search_rate({0, 0.005, 1}, disturbed).pps, 9e6 * 0.995);
}

}  // namespace
}  // namespace sluice::generator
