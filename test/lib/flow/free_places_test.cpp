// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/free_places.h"

#include <thread>
#include <vector>

#include "test/lib/flow/fixture.h"

namespace sluice::flow {
namespace {

struct Places {
    explicit Places(uint32_t n) : words(FreePlaces::words_for(n)), free(words, n) {
        free.take_all();
        for (uint32_t place = 0; place < n; ++place) free.give(place);
    }
    std::vector<std::atomic<uint64_t>> words;
    FreePlaces free;
};

TEST(FreePlaces, AreEachTakenOnceAndAllOfThemWhateverTheirNumber) {
    for (const uint32_t n : {1u, 2u, 63u, 64u, 65u, 4096u, 4097u, 300'000u}) {
        Places places(n);
        ASSERT_EQ(places.free.count(), n);
        std::vector<bool> taken(n);
        uint32_t from = n / 2;
        for (uint32_t i = 0; i < n; ++i) {
            const uint32_t place = places.free.take(from);
            ASSERT_LT(place, n);
            ASSERT_FALSE(taken[place]);
            taken[place] = true;
            from = place;
        }
        EXPECT_EQ(places.free.take(from), FreePlaces::none);
        EXPECT_EQ(places.free.count(), 0u);
    }
}

TEST(FreePlaces, FindTheOnlyFreeOneFromAnywhere) {
    constexpr uint32_t n = 70'000;
    Places places(n);
    while (places.free.take(0) != FreePlaces::none) continue;
    for (const uint32_t place : {0u, 63u, 64u, 4095u, 4096u, n - 1}) {
        for (const uint32_t from : {0u, place, n - 1, n / 2}) {
            places.free.give(place);
            ASSERT_EQ(places.free.take(from), place);
        }
    }
}

TEST(FreePlaces, AreTakenUpTo64AtATimeAndGivenBackInAnyParts) {
    constexpr uint32_t n = 200;
    Places places(n);
    ASSERT_TRUE(places.free.take_this(70));
    EXPECT_EQ(places.free.take_of_64(100), ~(uint64_t{1} << (70 - 64)));
    EXPECT_EQ(places.free.take_of_64(64), 0u);
    EXPECT_EQ(places.free.take(64), 128u) << "the hints say that there is none among them";
    places.free.give_of_64(64, 0b110);
    EXPECT_EQ(places.free.take(64), 65u);
    EXPECT_EQ(places.free.take(64), 66u);
    EXPECT_EQ(places.free.take_of_64(199), 0xffu) << "no more than there are";
    EXPECT_EQ(places.free.count(), 64u + 63u);
}

TEST(FreePlaces, AreNeitherLostNorDoubledBetweenThreads) {
    constexpr uint32_t n = 200;
    constexpr uint32_t held = 60;  // by each of three threads, so that hints come and go
    Places places(n);
    std::vector<std::atomic<uint32_t>> holders(n);
    std::atomic<uint32_t> wrong = 0;
    const auto work = [&](uint32_t thread) {
        std::vector<uint32_t> mine;
        for (unsigned i = 0; i < 200'000 / test::slowdown; ++i) {
            if (mine.size() < held) {
                const uint32_t place = places.free.take(thread * 66);
                if (place == FreePlaces::none) continue;
                wrong += holders[place].fetch_add(1) != 0;
                mine.push_back(place);
            } else {
                for (const uint32_t place : mine) {
                    holders[place].fetch_sub(1);
                    places.free.give(place);
                }
                mine.clear();
            }
        }
        for (const uint32_t place : mine) places.free.give(place);
    };
    std::vector<std::thread> threads;
    for (uint32_t t = 0; t < 3; ++t) threads.emplace_back(work, t);
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0u);
    for (uint32_t i = 0; i < n; ++i) ASSERT_NE(places.free.take(0), FreePlaces::none);
}

}  // namespace
}  // namespace sluice::flow
