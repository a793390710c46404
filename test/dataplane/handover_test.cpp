// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/handover/exchange.h"
#include "test/support/heap_pool.h"

namespace sluice::handover {
namespace {

using namespace std::chrono_literals;

// Packets that are only numbers: a ring never looks at them.
rte_mbuf* numbered(size_t n) { return reinterpret_cast<rte_mbuf*>(64 * n); }

std::vector<rte_mbuf*> numbers(size_t first, size_t count) {
    std::vector<rte_mbuf*> list;
    for (size_t n = first; n < first + count; ++n) list.push_back(numbered(n));
    return list;
}

unsigned give(Ring& ring, const std::vector<rte_mbuf*>& packets) {
    return ring.give(packets.data(), static_cast<unsigned>(packets.size()));
}

std::vector<rte_mbuf*> taken(Ring& ring, unsigned most) {
    std::vector<rte_mbuf*> packets(most);
    packets.resize(ring.take(packets.data(), most));
    return packets;
}

TEST(HandoverRing, GivesPacketsInTheOrderInWhichTheyWerePutIn) {
    auto ring = std::make_unique<Ring>();
    EXPECT_TRUE(ring->empty());
    EXPECT_EQ(give(*ring, numbers(1, 3)), 3u);
    EXPECT_EQ(give(*ring, numbers(4, 2)), 2u);
    EXPECT_FALSE(ring->empty());
    EXPECT_EQ(taken(*ring, 4), numbers(1, 4));
    EXPECT_EQ(taken(*ring, 4), numbers(5, 1));
    EXPECT_TRUE(ring->empty());
    EXPECT_TRUE(taken(*ring, 4).empty());
}

TEST(HandoverRing, TakesWhatItHasRoomForAndThatAreTheFirstOnes) {
    auto ring = std::make_unique<Ring>();
    EXPECT_EQ(give(*ring, numbers(1, Ring::size - 2)), Ring::size - 2);
    EXPECT_EQ(give(*ring, numbers(Ring::size - 1, 5)), 2u);
    EXPECT_EQ(give(*ring, numbers(9999, 1)), 0u);
    EXPECT_EQ(taken(*ring, Ring::size), numbers(1, Ring::size));
    EXPECT_EQ(give(*ring, numbers(9999, 1)), 1u);
}

TEST(HandoverRing, GoesRoundForeverWithoutLosingItsPlace) {
    auto ring = std::make_unique<Ring>();
    size_t given = 0, got = 0;
    for (unsigned round = 0; round < 1000; ++round) {
        given += give(*ring, numbers(given, 1 + round % 97));
        const auto out = taken(*ring, 1 + round % 89);
        EXPECT_EQ(out, numbers(got, out.size()));
        got += out.size();
    }
    EXPECT_EQ(taken(*ring, Ring::size), numbers(got, given - got));
}

TEST(HandoverRing, JoinsTwoThreadsWhoAreEachOthersOnlyPartners) {
    constexpr size_t all = 200'000;
    auto ring = std::make_unique<Ring>();
    std::thread giver([&] {
        for (size_t n = 0; n < all;) {
            n += give(*ring, numbers(n, std::min<size_t>(1 + n % 64, all - n)));
            if (n % 7 == 0) std::this_thread::yield();
        }
    });
    size_t next = 0;
    bool in_order = true;
    while (next < all) {
        const auto out = taken(*ring, 64);
        for (rte_mbuf* packet : out) in_order = in_order && packet == numbered(next++);
        if (out.empty()) std::this_thread::yield();
    }
    giver.join();
    EXPECT_TRUE(in_order);
    EXPECT_TRUE(ring->empty());
}

TEST(HandoverBell, LetsSleepForAsLongAsAskedWhileNobodyRings) {
    Bell bell;
    const auto begin = std::chrono::steady_clock::now();
    bell.sleep(20'000'000, [] { return false; });
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST(HandoverBell, LetsNobodySleepWhoHasWork) {
    Bell bell;
    const auto begin = std::chrono::steady_clock::now();
    bell.sleep(60'000'000'000, [] { return true; });
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST(HandoverBell, WakesWhoSleeps) {
    Bell bell;
    std::atomic<bool> asleep{false};
    const auto begin = std::chrono::steady_clock::now();
    std::thread sleeper([&] {
        bell.sleep(60'000'000'000, [&] {
            asleep = true;
            return false;
        });
    });
    while (!asleep) std::this_thread::yield();
    bell.ring();  // which is heard, whether it is before or after the sleeper really sleeps
    sleeper.join();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

// Each sleeps until the other has put something in; a ring that was not heard would show as a
// sleep to its end.
TEST(HandoverBell, IsNeverMissedByWhoLooksForWorkBeforeItSleeps) {
    constexpr unsigned turns = 20'000;
    Exchange exchange(2);
    std::atomic<unsigned> slept_long{0};
    const auto play = [&](unsigned self) {
        const unsigned other = 1 - self;
        for (unsigned turn = 0; turn < turns; ++turn) {
            rte_mbuf* packet = numbered(turn + 1);
            exchange.ring(self, other).give(&packet, 1);
            exchange.bell(other).ring();
            while (exchange.ring(other, self).take(&packet, 1) == 0) {
                const auto begin = std::chrono::steady_clock::now();
                exchange.bell(self).sleep(20'000'000'000,
                                          [&] { return exchange.has_some_for(self); });
                slept_long += std::chrono::steady_clock::now() - begin > 15s;
            }
        }
    };
    std::thread one([&] { play(1); });
    play(0);
    one.join();
    EXPECT_EQ(slept_long, 0u);
}

TEST(HandoverExchange, HasARingForEachPairAndGivesBackWhatNobodyTook) {
    test::HeapPool pool;
    Exchange exchange(3);
    for (unsigned from = 0; from < 3; ++from) {
        for (unsigned to = 0; to < 3; ++to) {
            rte_mbuf* packet = pool.allocate().buffer();
            EXPECT_TRUE(exchange.ring(from, to).empty());
            exchange.ring(from, to).give(&packet, 1);
        }
    }
    EXPECT_TRUE(exchange.has_some_for(2));
    EXPECT_EQ(pool.outstanding(), 9u);
    exchange.clear(pool);
    EXPECT_FALSE(exchange.has_some_for(2));
    EXPECT_EQ(pool.outstanding(), 0u);
}

}  // namespace
}  // namespace sluice::handover
