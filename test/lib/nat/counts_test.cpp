// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/counts.h"

#include <map>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "test/lib/shm/processes.h"

namespace sluice::nat {
namespace {

constexpr uint32_t no_limit = CountTable::most;

TEST(CountTable, CountsUpToTheLimit) {
    CountTable counts(100);
    EXPECT_FALSE(counts.contains(7));
    EXPECT_EQ(counts.add(7, 2), Counted::yes);
    EXPECT_EQ(counts.add(7, 2), Counted::yes);
    EXPECT_EQ(counts.add(7, 2), Counted::at_limit);
    EXPECT_EQ(counts.count(7), 2u);
    EXPECT_EQ(counts.add(7, 3), Counted::yes) << "the limit may change";
    EXPECT_EQ(counts.add(8, 0), Counted::at_limit);
    for (unsigned i = 0; i < 3; ++i) counts.subtract(7);
    EXPECT_FALSE(counts.contains(7));
    counts.subtract(7);
    EXPECT_EQ(counts.count(7), 0u) << "below nothing there is nothing";
}

TEST(CountTable, HasAnyKey) {
    CountTable counts(100);
    for (const uint64_t key : {uint64_t{0}, ~uint64_t{0}, uint64_t{1} << 63}) {
        EXPECT_EQ(counts.add(key, no_limit), Counted::yes);
        EXPECT_EQ(counts.count(key), 1u);
    }
}

TEST(CountTable, StopsAtWhatAWordCanCount) {
    CountTable counts(1);
    for (uint32_t i = 0; i < CountTable::most; ++i) counts.add(1, ~0u);
    EXPECT_EQ(counts.count(1), CountTable::most);
    EXPECT_EQ(counts.add(1, ~0u), Counted::at_limit);
    EXPECT_EQ(counts.count(1), CountTable::most);
}

TEST(CountTable, HasRoomForAsManyKeysAsItIsMadeFor) {
    for (const uint32_t keys : {1u, 10u, 1000u, 300'000u}) {
        CountTable counts(keys);
        for (uint64_t key = 0; key < keys; ++key) {
            ASSERT_EQ(counts.add(key << 32, 1), Counted::yes) << key << " of " << keys;
        }
        for (uint64_t key = 0; key < keys; ++key) ASSERT_EQ(counts.count(key << 32), 1u);
        for (uint64_t key = 0; key < keys; ++key) ASSERT_FALSE(counts.contains(key << 32 | 1));
    }
}

TEST(CountTable, FillsItsSetsWithoutLimitsToo) {
    for (const uint32_t keys : {10u, 1000u, 300'000u}) {
        CountTable counts(keys + keys / 5);
        for (unsigned times = 0; times < 2; ++times) {
            for (uint64_t key = 0; key < keys; ++key) {
                ASSERT_EQ(counts.add_unlimited(key << 32), Counted::yes) << key << " of " << keys;
            }
        }
        for (uint64_t key = 0; key < keys; ++key) {
            ASSERT_EQ(counts.count(key << 32), 2u);
            counts.subtract(key << 32);
            counts.subtract(key << 32);
            ASSERT_FALSE(counts.contains(key << 32));
        }
    }
}

TEST(CountTable, CountsAKeyInTwoWordsAsOneWhereItsFirstSetHasRoomAgain) {
    CountTable counts(40);
    std::vector<uint64_t> there;
    for (uint64_t key = 0; key < 40; ++key) {
        if (counts.add_unlimited(key) == Counted::yes) there.push_back(key);
    }
    // Each set is emptier now than it was when the others came.
    for (size_t n = 0; n < there.size(); n += 2) counts.subtract(there[n]);
    for (size_t n = 1; n < there.size(); n += 2) {
        ASSERT_EQ(counts.add_unlimited(there[n]), Counted::yes);
        ASSERT_EQ(counts.count(there[n]), 2u);
    }
    for (size_t n = 1; n < there.size(); n += 2) {
        for (uint32_t left = 2; left > 0; --left) {
            ASSERT_EQ(counts.count(there[n]), left);
            counts.subtract(there[n]);
        }
        ASSERT_FALSE(counts.contains(there[n]));
    }
}

TEST(CountTable, LooksWithVectorsAsWithout) {
    std::mt19937_64 random(5);
    for (unsigned n = 0; n < 10'000; ++n) {
        CountTable::Set set{};
        set.locked = random() % 2;
        const auto tag_of = [](uint64_t n) { return n << 24; };  // 0 is one, too
        for (auto& word : set.words) {
            if (random() % 2 == 0) word = tag_of(random() % 3) | random() % 3;
        }
        const uint64_t wanted = tag_of(random() % 3);
        ASSERT_EQ(CountTable::look(set, wanted), CountTable::look_plain(set, wanted));
    }
}

TEST(CountTable, SaysWhenItHasNoRoom) {
    CountTable counts(8);
    Counted last = Counted::yes;
    uint64_t key = 0;
    while (last == Counted::yes && key < 100) last = counts.add(key++, 1);
    EXPECT_EQ(last, Counted::no_room);
    for (uint64_t n = 0; n + 1 < key; ++n) {
        EXPECT_EQ(counts.count(n), 1u);
        counts.subtract(n);
    }
    EXPECT_EQ(counts.add(key, 1), Counted::yes) << "there is room again";
}

TEST(CountTable, DoesAsAMapDoes) {
    constexpr uint32_t keys = 500;
    CountTable counts(keys);
    std::map<uint64_t, uint32_t> model;
    std::mt19937_64 random(3);
    for (unsigned n = 0; n < 300'000 / test::slowdown; ++n) {
        const uint64_t key = (random() % keys) * 0x100000001;
        if (random() % 2 == 0) {
            const Counted counted = counts.add(key, 5);
            ASSERT_EQ(counted, model[key] == 5 ? Counted::at_limit : Counted::yes);
            model[key] += counted == Counted::yes;
        } else if (model[key] != 0) {
            counts.subtract(key);
            --model[key];
        }
        ASSERT_EQ(counts.count(key), model[key]);
    }
    for (const auto& [key, count] : model) ASSERT_EQ(counts.count(key), count);
}

TEST(CountTable, LosesAndInventsNothingWhenThreadsMeet) {
    constexpr uint32_t keys = 40;
    CountTable counts(keys);
    std::atomic<uint32_t> over_limit = 0;
    const auto work = [&](unsigned seed) {
        std::mt19937 random(seed);
        std::vector<uint64_t> held;
        for (unsigned n = 0; n < 300'000 / test::slowdown; ++n) {
            const uint64_t key = random() % keys;
            if (held.size() < 30 && random() % 2 == 0) {
                const bool limited = key < keys / 2;
                const Counted got = limited ? counts.add(key, 4) : counts.add_unlimited(key);
                if (got == Counted::yes) held.push_back(key);
                over_limit += limited && counts.count(key) > 4;
            } else if (!held.empty()) {
                counts.subtract(held.back());
                held.pop_back();
            }
        }
        for (const uint64_t key : held) counts.subtract(key);
    };
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 3; ++t) threads.emplace_back(work, t);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(over_limit, 0u);
    for (uint64_t key = 0; key < keys; ++key) EXPECT_EQ(counts.count(key), 0u) << key;
}

}  // namespace
}  // namespace sluice::nat
