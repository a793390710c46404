// SPDX-License-Identifier: BSD-3-Clause
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/icmp/error.h"

namespace sluice::icmp {
namespace {

constexpr uint64_t second = 1'000'000'000;
constexpr uint64_t start = 5000 * second;
const net::Ipv4Address someone = net::addr(10, 0, 0, 9), another = net::addr(10, 0, 0, 10);

class RateLimiterTest : public ::testing::Test {
  protected:
    unsigned allowed(net::Ipv4Address source, unsigned tries, uint64_t now,
                     const layout::IcmpSettings& limits) {
        unsigned result = 0;
        while (tries-- > 0) result += limiter.allow(source, now, limits);
        return result;
    }
    RateLimiter limiter;
};

TEST_F(RateLimiterTest, LetsASecondsWorthThroughAtOnceAndThenAtItsRate) {
    constexpr layout::IcmpSettings limits{1000, 10};
    EXPECT_EQ(allowed(someone, 100, start, limits), 10u);
    EXPECT_EQ(allowed(someone, 100, start + second / 2, limits), 5u);
    EXPECT_EQ(allowed(someone, 100, start + 100 * second, limits), 10u) << "no more is saved up";
}

TEST_F(RateLimiterTest, KeepsToItsRateOverTime) {
    constexpr layout::IcmpSettings limits{1000, 7};
    unsigned sum = 0;
    for (uint64_t ms = 0; ms < 10'000; ++ms) {
        sum += allowed(someone, 1, start + ms * 1'000'000, limits);
    }
    EXPECT_GE(sum, 7u * 10);
    EXPECT_LE(sum, 7u * 11);
}

TEST_F(RateLimiterTest, DoesNotLetALoudSourceUseUpWhatAllShare) {
    constexpr layout::IcmpSettings limits{20, 5};
    EXPECT_EQ(allowed(someone, 1000, start, limits), 5u);
    EXPECT_EQ(allowed(another, 1000, start, limits), 5u);
}

TEST_F(RateLimiterTest, BoundsAllSourcesTogether) {
    constexpr layout::IcmpSettings limits{20, 5};
    unsigned sum = 0;
    for (uint32_t n = 0; n < 1000; ++n) sum += allowed({0x0b000000 + n}, 5, start, limits);
    EXPECT_EQ(sum, 20u);
}

TEST_F(RateLimiterTest, CountsARefusalByAllAgainstNoSource) {
    constexpr layout::IcmpSettings limits{1, 5};
    EXPECT_EQ(allowed(another, 1, start, limits), 1u);
    EXPECT_EQ(allowed(someone, 100, start, limits), 0u);
    EXPECT_EQ(allowed(someone, 100, start + second / 5, {1000, 5}), 5u);
}

TEST_F(RateLimiterTest, LetsNoMoreThroughForSeveralThreadsThanForOne) {
    constexpr layout::IcmpSettings limits{2000, 300};
    constexpr unsigned threads = 4, tries = 5000;
    std::array<std::atomic<unsigned>, 10> by_source{};
    {
        std::vector<std::jthread> workers;
        for (unsigned t = 0; t < threads; ++t) {
            workers.emplace_back([&] {
                for (unsigned i = 0; i < tries; ++i) {
                    const unsigned s = i % by_source.size();
                    by_source[s] += limiter.allow(net::Ipv4Address{0x0a000000 + s}, start, limits);
                }
            });
        }
    }
    unsigned sum = 0;
    for (const auto& of_one : by_source) {
        EXPECT_LE(of_one, 300u);
        sum += of_one;
    }
    EXPECT_EQ(sum, 2000u);
}

TEST_F(RateLimiterTest, AllowsNothingAtARateOfZero) {
    EXPECT_EQ(allowed(someone, 10, start, {0, 10}), 0u);
    EXPECT_EQ(allowed(someone, 10, start, {10, 0}), 0u);
}

TEST_F(RateLimiterTest, TakesRatesBeyondItsClock) {
    EXPECT_EQ(allowed(someone, 10, start, {~0u, ~0u}), 10u);
}

TEST_F(RateLimiterTest, FollowsALimitThatChanges) {
    EXPECT_EQ(allowed(someone, 100, start, {1000, 10}), 10u);
    EXPECT_EQ(allowed(someone, 100, start + second, {1000, 2}), 2u);
}

}  // namespace
}  // namespace sluice::icmp
