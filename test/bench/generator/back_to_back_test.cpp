// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/back_to_back.h"

#include <gtest/gtest.h>

namespace sluice::generator {
namespace {

// A router that forwards a share of what it is offered, and keeps so many packets meanwhile.
struct Keeper {
    uint64_t room;
    double share = 0;

    BurstOutcome operator()(uint64_t packets) const {
        return {10e6, static_cast<double>(packets) * (1 - share) <= static_cast<double>(room)};
    }
};

TEST(SearchBurst, FindsHowManyPacketsARouterKeeps) {
    for (const uint64_t room : {1u, 100u, 4096u, 999'999u}) {
        const BackToBack found = search_burst({1'000'000, 0, 0, 3}, Keeper{room});
        EXPECT_EQ(found.lengths, std::vector<uint64_t>(3, room));
        EXPECT_EQ(found.mean_length, static_cast<double>(room));
        EXPECT_EQ(found.deviation, 0);
        EXPECT_FALSE(found.limited_by_goal);
    }
}

TEST(SearchBurst, EndsAtItsWidth) {
    const BackToBack found = search_burst({1'000'000, 0.01, 0, 1}, Keeper{5000});
    EXPECT_LE(found.mean_length, 5000);
    EXPECT_GE(found.mean_length, 4950);
}

TEST(SearchBurst, SaysWhenTheLongestBurstIsNotTooLong) {
    const BackToBack found = search_burst({1000, 0, 0, 2}, Keeper{5000});
    EXPECT_TRUE(found.limited_by_goal);
    EXPECT_EQ(found.mean_length, 1000);
}

TEST(SearchBurst, OfARouterThatLosesEverythingIsZeroAndEnds) {
    const BackToBack found = search_burst({1000, 0, 1, 2}, Keeper{0});
    EXPECT_EQ(found.mean_length, 0);
    EXPECT_EQ(found.implied_seconds(), 0);
}

TEST(SearchBurst, BelievesALossOnlyWhenItComesAgain) {
    // Each first burst of a length loses something, as when the machine was held up.
    uint64_t last = 0;
    const auto disturbed = [&](uint64_t packets) {
        BurstOutcome outcome = Keeper{4096}(packets);
        outcome.whole &= packets == last;
        last = packets;
        return outcome;
    };
    EXPECT_EQ(search_burst({1'000'000, 0, 0, 1}, disturbed).mean_length, 0);
    last = 0;
    EXPECT_EQ(search_burst({1'000'000, 0, 1, 1}, disturbed).mean_length, 4096);
}

TEST(SearchBurst, TellsTheSpreadOfItsTests) {
    unsigned bursts = 0;
    const auto shrinking = [&](uint64_t packets) {
        return Keeper{bursts++ < 20 ? 400u : 200u}(packets);
    };
    const BackToBack found = search_burst({1'000'000, 0, 0, 2}, shrinking);
    EXPECT_GT(found.deviation, 0);
}

// RFC 9004: 1,000 packets at 10 Mpps are 100 us; of a router that forwards nine in ten of them,
// a tenth is what it has to keep.
TEST(SearchBurst, TellsTheBufferWithoutWhatIsForwardedMeanwhile) {
    const BackToBack found = search_burst({1'000'000, 0, 0, 1}, Keeper{100, 0.9});
    EXPECT_EQ(found.mean_length, 1000);
    EXPECT_NEAR(found.implied_seconds(), 100e-6, 1e-9);
    EXPECT_NEAR(found.corrected_seconds(9e6), 10e-6, 1e-9);
}

}  // namespace
}  // namespace sluice::generator
