// SPDX-License-Identifier: BSD-3-Clause
// A writer that is killed leaves the table as it is after one of its stores. Every one of these
// tables must serve each address its old or its new answer, and so must each that the next
// writer makes of it.
#include <random>

#include "lib/fib/writer.h"
#include "test/lib/fib/fixture.h"

namespace sluice::fib {
namespace {

constexpr std::uint32_t first_address = address(10, 0, 0, 0);
constexpr std::uint32_t total_count = 16 * 256;  // small, so that each address can be looked at

using Answers = std::vector<NextHopId>;

Answers answers_of(const Table& table) {
    Answers answers(total_count);
    for (std::uint32_t i = 0; i < total_count; ++i) answers[i] = find(table, first_address + i);
    return answers;
}

Answers answers_of(std::span<const Route> routes) {
    PlainTrie trie;
    for (const Route& route : routes) trie.set(route.prefix, route.next_hop);
    Answers answers(total_count);
    for (std::uint32_t i = 0; i < total_count; ++i) answers[i] = trie.find(first_address + i);
    return answers;
}

void expect_old_or_new(const Answers& seen, const Answers& before, const Answers& after) {
    for (std::uint32_t i = 0; i < total_count; ++i)
        ASSERT_TRUE(seen[i] == before[i] || seen[i] == after[i])
            << i << ": " << seen[i] << ", neither " << before[i] << " nor " << after[i];
}

class Repair : public testing::Test {
  protected:
    std::vector<Route> random_routes() {
        std::vector<Route> routes;
        for (unsigned i = random() % 40; i-- > 0;)
            routes.push_back({prefix(first_address + random() % total_count, 16 + random() % 17),
                              static_cast<NextHopId>(1 + random() % 1000)});
        return routes;
    }

    // From one set of routes to the other, but stopped on the way.
    template <class Work>
    void stop_somewhere(Writer& writer, Work&& work) {
        writer.stop_after(1 + random() % 600);
        try {
            work(writer);
        } catch (const Writer::Stopped&) {
            ++stopped;
        }
    }

    static bool readers_moved_on() { return true; }

    std::mt19937 random{1};
    int stopped = 0;
    GuardedTable table;
};

TEST_F(Repair, AKillAtAnyStoreLeavesOldOrNewAnswersAndTheNextWriterFinishes) {
    for (int round = 0; round < 40; ++round) {
        const std::vector<Route> wanted = random_routes();
        const Answers after = answers_of(wanted);
        // Killed twice: while changing the routes, and again while repairing.
        for (int attempt = 0; attempt < 2; ++attempt) {
            const Answers before = answers_of(*table);
            Writer writer(*table, Writer::Found::left_behind, readers_moved_on);
            stop_somewhere(writer, [&](Writer& w) { w.rebuild(wanted); });
            ASSERT_NO_FATAL_FAILURE(expect_old_or_new(answers_of(*table), before, after));
        }
        Writer writer(*table, Writer::Found::left_behind, readers_moved_on);
        ASSERT_EQ(writer.rebuild(wanted), Status::ok);
        ASSERT_EQ(answers_of(*table), after);
    }
    EXPECT_GT(stopped, 20);
}

TEST_F(Repair, AKillInTheMiddleOfABatchIsRepairedToAnyOtherSetOfRoutes) {
    for (int round = 0; round < 40; ++round) {
        const std::vector<Route> old_routes = random_routes();
        const std::vector<Route> new_routes = random_routes();
        {
            Writer writer(*table, Writer::Found::left_behind, readers_moved_on);
            ASSERT_EQ(writer.rebuild(old_routes), Status::ok);
            const Answers before = answers_of(*table);
            std::vector<Change> changes;
            std::vector<Route> merged = old_routes;
            for (const Route& route : new_routes) {
                changes.push_back({route.prefix, route.next_hop});
                merged.push_back(route);
            }
            stop_somewhere(writer, [&](Writer& w) { w.apply(changes); });
            ASSERT_NO_FATAL_FAILURE(
                expect_old_or_new(answers_of(*table), before, answers_of(merged)));
        }
        Writer writer(*table, Writer::Found::left_behind, readers_moved_on);
        ASSERT_EQ(writer.rebuild(new_routes), Status::ok);
        ASSERT_EQ(answers_of(*table), answers_of(new_routes));
    }
    EXPECT_GT(stopped, 5);
}

TEST_F(Repair, WhatIsRightAlreadyIsNotStoredAgain) {
    const std::vector<Route> routes = random_routes();
    Writer(*table, Writer::Found::zeroed).rebuild(routes);
    Writer next(*table, Writer::Found::left_behind);
    EXPECT_EQ(next.rebuild(routes), Status::ok);
    EXPECT_EQ(next.stores(), 0u);
}

TEST_F(Repair, AGroupTheKilledWriterLeftIsNotFilledBeforeItsReadersMovedOn) {
    {
        Writer killed(*table, Writer::Found::zeroed);
        killed.set(prefix(10, 0, 0, 1, 32), 1);
        killed.remove(prefix(10, 0, 0, 1, 32));
    }
    Writer next(*table, Writer::Found::left_behind);
    EXPECT_EQ(next.memory().groups_retired, group_count);
    EXPECT_EQ(next.set(prefix(10, 0, 1, 1, 32), 2), Status::readers_behind);
    EXPECT_EQ(find(*table, address(10, 0, 1, 1)), no_route);
    EXPECT_TRUE(next.begin_grace_period());
    EXPECT_EQ(next.end_grace_period(), Status::ok);
    EXPECT_EQ(find(*table, address(10, 0, 1, 1)), 2);
}

TEST_F(Repair, ATableOfRandomBytesIsBroughtToTheRightAnswersToo) {
    std::mt19937_64 bytes(3);
    auto* words = reinterpret_cast<std::uint64_t*>(&*table);
    std::generate_n(words, sizeof(Table) / sizeof(*words), std::ref(bytes));
    std::vector<Route> routes = random_routes();
    routes.push_back({net::Ipv4Prefix{}, 1});
    routes.push_back({prefix(10, 0, 3, 9, 32), 2});
    Writer writer(*table, Writer::Found::left_behind, readers_moved_on);
    ASSERT_EQ(writer.rebuild(routes), Status::ok);
    EXPECT_EQ(answers_of(*table), answers_of(routes));
    for (int i = 0; i < 100'000; ++i) {
        const auto elsewhere = static_cast<std::uint32_t>(random()) | 0x80000000u;
        ASSERT_EQ(find(*table, elsewhere), 1);
    }
}

}  // namespace
}  // namespace sluice::fib
