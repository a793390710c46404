// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/arp/neighbour_table.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using enum NeighbourCondition;

constexpr layout::ArpSettings settings{30'000, 600'000, 1000, 3, 1000, 0};
const net::MacAddress one{{2, 0, 0, 0, 0, 1}}, two{{2, 0, 0, 0, 0, 2}};
constexpr uint32_t start = 1'000'000;

class NeighbourTableTest : public ::testing::Test {
  protected:
    static net::Ipv4Address host(uint32_t n) { return {0x0a000000 + n}; }
    uint32_t add(uint32_t n, uint32_t now = start) {
        return table.find_or_add(1, host(n), now, 1000);
    }
    uint32_t add_reachable(uint32_t n, uint32_t now = start) {
        const uint32_t place = add(n, now);
        table.confirm(place, 1, host(n), one, now);
        return place;
    }
    NeighbourCondition condition(uint32_t place) { return table.link(place).condition(); }
    std::vector<NeighbourEntry> entries{64};
    NeighbourTable table{entries};
};

TEST_F(NeighbourTableTest, FindsWhatWasAddedByInterfaceAndAddress) {
    const uint32_t place = add(1);
    EXPECT_EQ(table.find(1, host(1)), place);
    EXPECT_EQ(add(1), place);
    EXPECT_EQ(table.find(2, host(1)), NeighbourTable::none);
    EXPECT_EQ(table.find(1, host(2)), NeighbourTable::none);
    EXPECT_EQ(condition(place), incomplete);
    EXPECT_EQ(table.count(), 1u);
}

TEST_F(NeighbourTableTest, HoldsNoMoreThanItMay) {
    uint32_t added = 0;
    for (uint32_t n = 0; n < 40; ++n) {
        const uint32_t place = table.find_or_add(1, host(n), start, 10);
        if (place == NeighbourTable::none) continue;
        table.confirm(place, 1, host(n), one, start);
        ++added;
    }
    EXPECT_EQ(added, 10u);
    EXPECT_EQ(table.count(), 10u);
}

TEST_F(NeighbourTableTest, GivesUpTheEntryThatWaitsLongestWhereASetIsFull) {
    std::vector<NeighbourEntry> eight(8);
    NeighbourTable small(eight);
    for (uint32_t n = 0; n < 8; ++n) small.find_or_add(1, host(n), start + n, 1000);
    EXPECT_NE(small.find_or_add(1, host(100), start + 50, 1000), NeighbourTable::none);
    EXPECT_EQ(small.find(1, host(0)), NeighbourTable::none);
    EXPECT_NE(small.find(1, host(1)), NeighbourTable::none);
    EXPECT_EQ(small.count(), 8u);
}

TEST_F(NeighbourTableTest, NeverGivesUpWhatIsOfUse) {
    std::vector<NeighbourEntry> eight(8);
    NeighbourTable small(eight);
    for (uint32_t n = 0; n < 6; ++n) {
        small.confirm(small.find_or_add(1, host(n), start, 1000), 1, host(n), one, start);
    }
    small.set_static(small.find_or_add(1, host(6), start, 1000), one, start);
    small.set_flag(small.find_or_add(1, host(7), start, 1000), NeighbourLink::pinned_bit, true);
    EXPECT_EQ(small.find_or_add(1, host(100), start + 50, 1000), NeighbourTable::none);
}

TEST_F(NeighbourTableTest, BelievesTheLastWhoConfirmed) {
    const uint32_t place = add_reachable(1);
    EXPECT_EQ(table.confirm(place, 1, host(1), two, start).mac(), one);
    EXPECT_EQ(table.link(place).mac(), two);
    EXPECT_TRUE(table.link(place).usable());
}

TEST_F(NeighbourTableTest, GivesNoPlaceAMacThatWasMeantForAnother) {
    const uint32_t place = add(1);
    table.remove(place);
    table.confirm(place, 1, host(1), one, start);
    EXPECT_FALSE(table.link(place).usable());
}

TEST_F(NeighbourTableTest, NeverChangesAStaticEntry) {
    const uint32_t place = add(1);
    table.set_static(place, one, start);
    table.confirm(place, 1, host(1), two, start);
    EXPECT_FALSE(table.move(place, reachable, stale, start));
    for (uint32_t day = 1; day < 60; ++day) table.sweep(start + day * 86'400'000, settings);
    EXPECT_EQ(table.link(place).mac(), one);
    EXPECT_EQ(condition(place), reachable);
}

TEST_F(NeighbourTableTest, LetsOneRequestThroughAnInterval) {
    const uint32_t place = add(1);
    EXPECT_TRUE(table.claim_request(place, start, 1000));
    EXPECT_FALSE(table.claim_request(place, start, 1000));
    EXPECT_FALSE(table.claim_request(place, start + 999, 1000));
    EXPECT_TRUE(table.claim_request(place, start + 1000, 1000));
}

TEST_F(NeighbourTableTest, AgesEntriesUntilTheyAreGone) {
    const uint32_t place = add_reachable(1);
    table.sweep(start + 30'000, settings);
    EXPECT_EQ(condition(place), reachable);
    table.sweep(start + 30'001, settings);
    EXPECT_EQ(condition(place), stale);
    EXPECT_EQ(table.link(place).mac(), one);
    table.sweep(start + 630'001, settings);
    EXPECT_EQ(condition(place), stale);
    table.sweep(start + 630'002, settings);
    EXPECT_EQ(condition(place), none);
    EXPECT_EQ(table.find(1, host(1)), place) << "freed one sweep later";
    table.sweep(start + 631'000, settings);
    EXPECT_EQ(table.find(1, host(1)), NeighbourTable::none);
    EXPECT_EQ(table.count(), 0u);
}

TEST_F(NeighbourTableTest, SweepsInPartsThatTogetherAreAllPlaces) {
    std::vector<NeighbourEntry> many(1024);
    NeighbourTable large(many);
    for (uint32_t n = 0; n < 200; ++n) {
        large.confirm(large.find_or_add(1, host(n), start, 1000), 1, host(n), one, start);
    }
    const auto stale_ones = [&] {
        return std::count_if(many.begin(), many.end(), [](const NeighbourEntry& e) {
            return NeighbourLink(e.link.load()).condition() == stale;
        });
    };
    large.sweep_next(start + 30'001, settings);
    EXPECT_LE(stale_ones(), 8) << "the first part alone";
    for (uint32_t part = 1; part < NeighbourTable::sweep_parts; ++part) {
        large.sweep_next(start + 30'001, settings);
    }
    EXPECT_EQ(stale_ones(), 200);
}

TEST_F(NeighbourTableTest, SweepsInPartsWhatAnotherLeftAndWhatHasGone) {
    std::vector<NeighbourEntry> many(1024);
    NeighbourTable before(many);
    before.confirm(before.find_or_add(1, host(1), start, 1000), 1, host(1), one, start);
    NeighbourTable after(many);
    const auto sweep_at = [&](uint32_t now) {
        for (uint32_t part = 0; part < NeighbourTable::sweep_parts; ++part) {
            after.sweep_next(now, settings);
        }
    };
    for (const uint32_t now : {30'001u, 630'002u, 631'000u}) sweep_at(start + now);
    EXPECT_EQ(after.count(), 0u);
    EXPECT_EQ(after.find(1, host(1)), NeighbourTable::none);

    after.confirm(after.find_or_add(1, host(1), start, 1000), 1, host(1), one, start);
    for (const uint32_t now : {30'001u, 630'002u, 631'000u}) sweep_at(start + now);
    EXPECT_EQ(after.count(), 0u) << "counted again";
}

TEST_F(NeighbourTableTest, AgesAcrossTheClocksWrap) {
    const uint32_t late = 0xffffffff - 5000;
    const uint32_t place = add_reachable(1, late);
    table.sweep(late + 20'000, settings);
    EXPECT_EQ(condition(place), reachable);
    table.sweep(late + 40'000, settings);
    EXPECT_EQ(condition(place), stale);
}

TEST_F(NeighbourTableTest, FailsEntriesWhoseAskerIsGone) {
    const uint32_t place = add(1);
    table.claim_request(place, start, 1000);
    table.entry(place).attempts.store(1);
    table.sweep(start + 10'000, settings);
    EXPECT_EQ(condition(place), incomplete);
    table.sweep(start + 10'001, settings);
    EXPECT_EQ(condition(place), failed);
    table.sweep(start + 80'000, settings);
    table.sweep(start + 81'000, settings);
    EXPECT_EQ(table.count(), 0u);
}

TEST_F(NeighbourTableTest, HoldsNothingAgainstANeighbourThatNobodyAsked) {
    const uint32_t place = add(1);
    table.set_flag(place, NeighbourLink::pinned_bit, true);
    for (uint32_t s = 0; s < 1000; ++s) table.sweep(start + s * 1000, settings);
    EXPECT_EQ(condition(place), none);
    EXPECT_EQ(table.find(1, host(1)), place) << "pinned: it keeps its place";
}

TEST_F(NeighbourTableTest, AsksAnewForEachNeighbourBehindALinkThatWasLost) {
    for (const auto condition : {reachable, stale, probe}) {
        SCOPED_TRACE(static_cast<int>(condition));
        const net::Ipv4Address address{0x0a000100 + static_cast<uint32_t>(condition)};
        const uint32_t behind = table.find_or_add(3, address, 0, 64);
        const uint32_t elsewhere = table.find_or_add(4, address, 0, 64);
        for (const auto& [place, id] : {std::pair{behind, 3}, std::pair{elsewhere, 4}}) {
            table.confirm(place, static_cast<InterfaceId>(id), address, one, 0);
            table.move(place, reachable, condition, 0);
        }
        table.doubt(uint64_t{1} << 3, 1000);
        EXPECT_EQ(table.link(behind).condition(), incomplete);
        EXPECT_TRUE(table.claim_request(behind, 1000, 1000)) << "it is asked for at once";
        EXPECT_EQ(table.link(elsewhere).condition(), condition) << "its link is as it was";
    }
}

TEST_F(NeighbourTableTest, HasNoDoubtOfStaticNeighboursNorOfTheDead) {
    const net::Ipv4Address given = net::addr(10, 0, 0, 7), dead = net::addr(10, 0, 0, 8);
    const uint32_t is_static = table.find_or_add(3, given, 0, 64);
    table.set_static(is_static, one, 0);
    const uint32_t failing = table.find_or_add(3, dead, 0, 64);
    table.move(failing, incomplete, failed, 0);
    table.doubt(~uint64_t{0}, 1000);
    EXPECT_EQ(table.link(is_static).condition(), reachable);
    EXPECT_EQ(table.link(failing).condition(), failed);
}

TEST_F(NeighbourTableTest, TakesOverWhatAnotherProcessLeft) {
    const uint32_t good = add_reachable(1), probed = add_reachable(2), asked = add(3);
    table.move(probed, reachable, probe, start);
    table.set_flag(good, NeighbourLink::pinned_bit, true);
    entries[63].key.store(1);  // was about to change hands
    NeighbourTable next(entries);
    next.adopt(start + 5);
    EXPECT_EQ(next.link(good).condition(), reachable);
    EXPECT_FALSE(next.link(good).pinned());
    EXPECT_EQ(next.link(probed).condition(), stale);
    EXPECT_EQ(next.link(asked).condition(), failed);
    EXPECT_EQ(entries[63].key.load(), 0u);
    EXPECT_EQ(next.count(), 3u);
    EXPECT_TRUE(next.claim_request(asked, start + 5, 1000));
}

TEST_F(NeighbourTableTest, AnswersAsAMapWouldWhileThereIsRoom) {
    std::vector<NeighbourEntry> many(4096);
    NeighbourTable big(many);
    std::map<std::pair<int, uint32_t>, net::MacAddress> model;
    std::mt19937 random(3);
    for (unsigned step = 0; step < 50'000; ++step) {
        const auto interface = static_cast<InterfaceId>(random() % 3);
        const uint32_t n = random() % 200;
        const net::MacAddress mac = random() % 2 ? one : two;
        if (random() % 3 == 0) {
            const uint32_t place = big.find(interface, host(n));
            EXPECT_EQ(place != NeighbourTable::none, model.erase({interface, n}) == 1);
            if (place != NeighbourTable::none) big.remove(place);
        } else {
            const uint32_t place = big.find_or_add(interface, host(n), start, 4096);
            ASSERT_NE(place, NeighbourTable::none);
            big.confirm(place, interface, host(n), mac, start);
            model[{interface, n}] = mac;
        }
        ASSERT_EQ(big.count(), model.size());
    }
    for (const auto& [key, mac] : model) {
        const uint32_t place = big.find(static_cast<InterfaceId>(key.first), host(key.second));
        ASSERT_NE(place, NeighbourTable::none);
        EXPECT_EQ(big.link(place).mac(), mac);
    }
}

// Four workers add, confirm and ask at the same time; whatever they find is theirs.
TEST_F(NeighbourTableTest, StaysWholeUnderManyWorkers) {
    std::atomic<unsigned> claims{0};
    const auto work = [&](unsigned seed) {
        std::mt19937 random(seed);
        for (unsigned step = 0; step < 20'000; ++step) {
            const uint32_t n = random() % 30;
            const uint32_t place = table.find_or_add(1, host(n), start, 1000);
            if (place == NeighbourTable::none) continue;
            table.confirm(place, 1, host(n), net::MacAddress::from_bits(n << 8 | 2), start);
            if (table.claim_request(place, start + 1, 1000)) claims.fetch_add(1);
            if (random() % 16 == 0) table.move(place, reachable, stale, start);
        }
    };
    std::vector<std::thread> workers;
    for (unsigned w = 0; w < 4; ++w) workers.emplace_back(work, w);
    for (auto& w : workers) w.join();
    for (uint32_t n = 0; n < 30; ++n) {
        const uint32_t place = table.find(1, host(n));
        if (place == NeighbourTable::none) continue;
        EXPECT_EQ(table.link(place).mac(), net::MacAddress::from_bits(n << 8 | 2)) << n;
    }
    EXPECT_LE(claims.load(), 64u);
}

}  // namespace
}  // namespace sluice
