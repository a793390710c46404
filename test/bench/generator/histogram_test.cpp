// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/histogram.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace sluice::generator {
namespace {

TEST(Histogram, TellsPercentilesWithinASixtyFourth) {
    Histogram histogram;
    std::vector<uint64_t> values;
    std::mt19937_64 random(1);
    for (int i = 0; i < 100'000; ++i) {
        values.push_back(uint64_t{1} << random() % 40 | random() % 1000);
        histogram.add(values.back());
    }
    std::ranges::sort(values);
    for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const auto rank = static_cast<size_t>(std::ceil(share * 100'000)) - 1;
        EXPECT_GE(histogram.at(share), values[rank]) << share;
        EXPECT_LE(histogram.at(share), values[rank] + values[rank] / 64) << share;
    }
}

TEST(Histogram, IsExactForTheExtremesTheMeanAndSmallValues) {
    Histogram histogram;
    for (const uint64_t v : {uint64_t{3}, uint64_t{100}, uint64_t{1'000'003}}) histogram.add(v);
    EXPECT_EQ(histogram.least(), 3u);
    EXPECT_EQ(histogram.most(), 1'000'003u);
    EXPECT_EQ(histogram.at(1), 1'000'003u);
    EXPECT_EQ(histogram.at(0.5), 100u);
    EXPECT_DOUBLE_EQ(histogram.mean(), (3 + 100 + 1'000'003) / 3.0);
}

TEST(Histogram, TakesEveryValueThereIs) {
    Histogram histogram;
    histogram.add(0);
    histogram.add(~uint64_t{0});
    EXPECT_EQ(histogram.at(0.5), 0u);
    EXPECT_EQ(histogram.at(1), ~uint64_t{0});
}

TEST(Histogram, OfNothingSaysNothing) {
    const Histogram empty;
    EXPECT_EQ(empty.count() + empty.least() + empty.most() + empty.at(0.99), 0u);
    EXPECT_EQ(empty.mean(), 0);
}

TEST(Histogram, AddsAnother) {
    Histogram one, other;
    one.add(5);
    other.add(7);
    one.add(other);
    EXPECT_EQ(one.count(), 2u);
    EXPECT_EQ(one.least(), 5u);
    EXPECT_EQ(one.most(), 7u);
}

}  // namespace
}  // namespace sluice::generator
