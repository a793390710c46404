// SPDX-License-Identifier: BSD-3-Clause
// The real table and a million random changes, against a trie that is too plain to be wrong.
#include "test/lib/fib/full_table.h"

#include <random>

#include "lib/fib/writer.h"
#include "test/lib/fib/fixture.h"

namespace sluice::fib {
namespace {

constexpr int change_count = 1'000'000;

const std::vector<Route>& full_table() {
    static const std::vector<Route> routes = read_full_table(SLUICE_FULL_TABLE, 5000);
    return routes;
}

std::vector<Change> as_changes(std::span<const Route> routes) {
    std::vector<Change> changes;
    for (const Route& route : routes) changes.push_back({route.prefix, route.next_hop});
    return changes;
}

class FullTable : public testing::Test {
  protected:
    static bool readers_moved_on() { return true; }

    NextHopId random_next_hop() { return static_cast<NextHopId>(1 + random() % max_next_hop); }

    // Withdraws, adds again, moves, and adds new ones around the known.
    Change random_change() {
        const net::Ipv4Prefix known = full_table()[random() % full_table().size()].prefix;
        switch (random() % 4) {
            case 0: return {known, no_route};
            case 1: return {known, random_next_hop()};
            case 2: return {nearby_prefix(known), no_route};
            default: return {nearby_prefix(known), random_next_hop()};
        }
    }
    net::Ipv4Prefix nearby_prefix(net::Ipv4Prefix known) {
        const auto near = known.address.value + static_cast<std::uint32_t>(random() % 1024);
        if (random() % 20'000 == 0) return prefix(near, random() % 12);
        if (random() % 2) return prefix(near, 12 + random() % 13);
        // So that they meet, and fit the groups: in few networks.
        return prefix(full_table()[random() % 2000].prefix.address.value + random() % 512,
                      25 + random() % 8);
    }

    void apply(std::span<const Change> changes) {
        const Status status = changes.size() == 1 && changes[0].next_hop != no_route
                                  ? writer.set(changes[0].prefix, changes[0].next_hop)
                                  : writer.apply(changes);
        ASSERT_EQ(status, Status::ok);
        for (const Change& change : changes) expected.set(change.prefix, change.next_hop);
    }

    void expect_right_around(net::Ipv4Prefix prefix) {
        const auto anywhere = static_cast<std::uint32_t>(random());
        const std::uint32_t first = prefix.address.value, last = prefix.last().value;
        const std::array addresses = {
            first, last, first - 1, last + 1, first + (anywhere & ~prefix.mask()), anywhere};
        std::array<NextHopId, addresses.size()> answers;
        std::ranges::transform(addresses, answers.begin(),
                               [&](std::uint32_t address) { return expected.find(address); });
        ASSERT_NO_FATAL_FAILURE(expect_answers(*table, addresses, answers))
            << testing::PrintToString(prefix);
    }

    std::mt19937 random{11};
    GuardedTable table;
    Writer writer{*table, Writer::Found::zeroed, readers_moved_on};
    PlainTrie expected;
};

TEST_F(FullTable, AnswersAsAPlainTrieThroughAMillionRandomChanges) {
    apply(as_changes(full_table()));
    for (const Route& route : full_table())
        ASSERT_NO_FATAL_FAILURE(expect_right_around(route.prefix));

    std::vector<Change> batch;
    for (int changes = 0; changes < change_count; changes += static_cast<int>(batch.size())) {
        batch.clear();
        const unsigned together = random() % 8 ? 1 : 1 + random() % 32;
        for (unsigned i = 0; i < together; ++i) batch.push_back(random_change());
        ASSERT_NO_FATAL_FAILURE(apply(batch));
        for (const Change& change : batch)
            ASSERT_NO_FATAL_FAILURE(expect_right_around(change.prefix));
    }
}

TEST_F(FullTable, LoadedInAnyOrderAndManyBatchesIsTheSameTable) {
    std::vector<Route> shuffled = full_table();
    std::ranges::shuffle(shuffled, random);
    const std::span<const Route> all = shuffled;
    for (std::size_t done = 0; done < all.size(); done += 5000)
        ASSERT_EQ(writer.apply(as_changes(
                      all.subspan(done, std::min<std::size_t>(5000, all.size() - done)))),
                  Status::ok);
    EXPECT_EQ(writer.routes().size(), full_table().size());

    Writer other(*table, Writer::Found::left_behind);
    EXPECT_EQ(other.rebuild(full_table()), Status::ok);
    EXPECT_EQ(other.stores(), 0u);
}

TEST_F(FullTable, WithdrawnWholeLeavesAnEmptyTableAndNoGroupInUse) {
    ASSERT_EQ(writer.apply(as_changes(full_table())), Status::ok);
    EXPECT_EQ(writer.memory().groups_in_use, 1314u);
    for (const Route& route : full_table()) ASSERT_EQ(writer.remove(route.prefix), Status::ok);
    EXPECT_EQ(writer.memory().groups_in_use, 0u);
    EXPECT_TRUE(std::ranges::all_of(table->tbl24, [](Entry entry) { return entry == no_route; }));
}

}  // namespace
}  // namespace sluice::fib
