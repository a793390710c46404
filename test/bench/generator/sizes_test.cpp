// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/sizes.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

namespace sluice::generator {
namespace {

TEST(ParseSizes, TakesOneSize) {
    EXPECT_EQ(parse_sizes("64"), Sizes{64});
    EXPECT_EQ(parse_sizes("9018"), Sizes{9018});
}

TEST(ParseSizes, SpreadsSizesOverARoundByTheirWeights) {
    EXPECT_EQ(parse_sizes("64,128"), (Sizes{64, 128}));
    EXPECT_EQ(parse_sizes("64:2,128:2"), (Sizes{64, 128}));
    const Sizes mixed = parse_sizes("imix");
    EXPECT_EQ(mixed.size(), 12u);
    EXPECT_EQ(std::ranges::count(mixed, 64u), 7);
    EXPECT_EQ(std::ranges::count(mixed, 594u), 4);
    EXPECT_EQ(std::ranges::count(mixed, 1518u), 1);
    EXPECT_EQ(
        std::ranges::adjacent_find(mixed, [](auto a, auto b) { return a == 594 && b == 594; }),
        mixed.end());
    EXPECT_NEAR(mean_size(mixed), (7 * 64 + 4 * 594 + 1518) / 12.0, 1e-9);
}

TEST(ParseSizes, SaysWhatIsWrong) {
    for (const char* wrong : {"", "63", "9019", "64,", "64:0", "64:x", "sixty", "64 ", "-64"}) {
        EXPECT_THROW(parse_sizes(wrong), std::invalid_argument) << wrong;
    }
    try {
        parse_sizes("64,70000");
        FAIL();
    } catch (const std::invalid_argument& why) {
        EXPECT_STREQ(why.what(), "\"70000\" is no frame size: 64 to 9018");
    }
}

}  // namespace
}  // namespace sluice::generator
