// SPDX-License-Identifier: BSD-3-Clause
#include "lib/fib/rib.h"

#include <map>
#include <random>

#include "test/lib/fib/fixture.h"

namespace sluice::fib {
namespace {

TEST(Rib, FindsTheLongestPrefixThatContainsAnAddress) {
    Rib rib;
    rib.set(prefix(10, 0, 0, 0, 8), 1);
    rib.set(prefix(10, 1, 0, 0, 16), 2);
    EXPECT_EQ(rib.longest_match({address(10, 1, 2, 3)}), (Route{prefix(10, 1, 0, 0, 16), 2}));
    EXPECT_EQ(rib.longest_match({address(10, 2, 2, 3)}), (Route{prefix(10, 0, 0, 0, 8), 1}));
    EXPECT_EQ(rib.longest_match({address(11, 0, 0, 0)}), std::nullopt);
}

TEST(Rib, TheDefaultRouteContainsEveryAddressAndAHostRouteOne) {
    Rib rib;
    rib.set(net::Ipv4Prefix{}, 1);
    rib.set(prefix(255, 255, 255, 255, 32), 2);
    EXPECT_EQ(rib.longest_match({0})->next_hop, 1);
    EXPECT_EQ(rib.longest_match({0xfffffffe})->next_hop, 1);
    EXPECT_EQ(rib.longest_match({0xffffffff})->next_hop, 2);
}

TEST(Rib, NamesTheRouteThatTakesOverWhenAPrefixGoes) {
    Rib rib;
    rib.set(prefix(10, 0, 0, 0, 8), 1);
    rib.set(prefix(10, 1, 0, 0, 16), 2);
    EXPECT_EQ(rib.covering(prefix(10, 1, 0, 0, 16)), (Route{prefix(10, 0, 0, 0, 8), 1}));
    EXPECT_EQ(rib.covering(prefix(10, 0, 0, 0, 8)), std::nullopt);
    EXPECT_EQ(rib.covering(net::Ipv4Prefix{}), std::nullopt);
}

TEST(Rib, GivesBackWhatAPrefixHadBefore) {
    Rib rib;
    EXPECT_EQ(rib.set(prefix(10, 0, 0, 0, 8), 1), no_route);
    EXPECT_EQ(rib.set(prefix(10, 0, 0, 0, 8), 2), 1);
    EXPECT_EQ(rib.erase(prefix(10, 0, 0, 0, 8)), 2);
    EXPECT_EQ(rib.erase(prefix(10, 0, 0, 0, 8)), no_route);
    EXPECT_EQ(rib.size(), 0u);
}

TEST(Rib, ABranchBetweenTwoRoutesIsNotARoute) {
    Rib rib;
    rib.set(prefix(10, 0, 0, 0, 16), 1);
    rib.set(prefix(10, 1, 0, 0, 16), 2);
    EXPECT_EQ(rib.find(prefix(10, 0, 0, 0, 15)), no_route);
    EXPECT_EQ(rib.erase(prefix(10, 0, 0, 0, 15)), no_route);
    EXPECT_EQ(rib.size(), 2u);
}

TEST(Rib, VisitsTheRoutesInsideAPrefixInOrder) {
    Rib rib;
    rib.set(prefix(10, 1, 128, 0, 17), 3);
    rib.set(prefix(10, 1, 0, 0, 17), 2);
    rib.set(prefix(10, 1, 0, 0, 16), 1);
    rib.set(prefix(10, 0, 0, 0, 8), 9);
    rib.set(prefix(10, 2, 0, 0, 16), 9);
    std::vector<NextHopId> seen;
    rib.for_each(prefix(10, 1, 0, 0, 16),
                 [&](const Route& route) { seen.push_back(route.next_hop); });
    EXPECT_EQ(seen, (std::vector<NextHopId>{1, 2, 3}));
}

TEST(Rib, KeepsWhatAMapKeepsUnderRandomChanges) {
    Rib rib;
    std::map<net::Ipv4Prefix, NextHopId> expected;
    std::mt19937 random(1);
    for (int i = 0; i < 200'000; ++i) {
        // Few distinct bits, so that prefixes nest, meet again and share branches.
        const net::Ipv4Prefix where = prefix(random() & 0xc00f00f0u, random() % 33);
        const auto known = expected.find(where);
        const NextHopId before = known == expected.end() ? no_route : known->second;
        ASSERT_EQ(rib.find(where), before);
        if (random() % 2) {
            const auto next_hop = static_cast<NextHopId>(1 + random() % max_next_hop);
            ASSERT_EQ(rib.set(where, next_hop), before);
            expected[where] = next_hop;
        } else {
            ASSERT_EQ(rib.erase(where), before);
            expected.erase(where);
        }
        ASSERT_EQ(rib.size(), expected.size());
    }
    std::vector<Route> left;
    rib.for_each([&](const Route& route) { left.push_back(route); });
    EXPECT_TRUE(std::ranges::equal(left, expected, {}, [](const Route& route) {
        return std::pair<const net::Ipv4Prefix, NextHopId>(route.prefix, route.next_hop);
    }));
}

TEST(Rib, UsesTheNodesOfErasedRoutesAgain) {
    Rib rib;
    const auto fill = [&] {
        for (unsigned i = 0; i < 1000; ++i) rib.set(prefix(10, i / 250, i % 250, 0, 24), 1);
    };
    fill();
    const std::size_t bytes = rib.bytes();
    for (int round = 0; round < 10; ++round) {
        for (unsigned i = 0; i < 1000; ++i) rib.erase(prefix(10, i / 250, i % 250, 0, 24));
        fill();
    }
    EXPECT_EQ(rib.bytes(), bytes);
}

}  // namespace
}  // namespace sluice::fib
