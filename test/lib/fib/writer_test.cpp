// SPDX-License-Identifier: BSD-3-Clause
#include "lib/fib/writer.h"

#include "test/lib/fib/fixture.h"

namespace sluice::fib {
namespace {

class WriterTest : public testing::Test {
  protected:
    NextHopId at(unsigned a, unsigned b, unsigned c, unsigned d) {
        return find(*table, address(a, b, c, d));
    }
    // Host routes in so many different /24 networks, from 100.0.0.0 on.
    std::vector<Change> host_routes(std::size_t networks) {
        std::vector<Change> changes;
        for (std::uint32_t i = 0; i < networks; ++i)
            changes.push_back({prefix(address(100, 0, 0, 1) + (i << 8), 32), 3});
        return changes;
    }
    void pass_grace_period() {
        writer.begin_grace_period();
        writer.end_grace_period();
    }

    GuardedTable table;
    Writer writer{*table, Writer::Found::zeroed};
};

TEST_F(WriterTest, ALongerPrefixWinsInsideAShorterOne) {
    writer.set(prefix(10, 0, 0, 0, 8), 1);
    writer.set(prefix(10, 1, 0, 0, 16), 2);
    writer.set(prefix(10, 1, 1, 0, 24), 3);
    EXPECT_EQ(at(10, 0, 255, 255), 1);
    EXPECT_EQ(at(10, 1, 0, 255), 2);
    EXPECT_EQ(at(10, 1, 1, 0), 3);
    EXPECT_EQ(at(10, 1, 2, 0), 2);
    EXPECT_EQ(at(10, 2, 0, 0), 1);
}

TEST_F(WriterTest, AShorterPrefixThatComesLaterLeavesTheLongerOnesAlone) {
    writer.set(prefix(10, 1, 1, 128, 25), 3);
    writer.set(prefix(10, 1, 0, 0, 16), 2);
    writer.set(prefix(0, 0, 0, 0, 0), 1);
    EXPECT_EQ(at(10, 1, 1, 128), 3);
    EXPECT_EQ(at(10, 1, 1, 127), 2);
    EXPECT_EQ(at(10, 2, 0, 0), 1);
    EXPECT_EQ(at(255, 255, 255, 255), 1);
}

TEST_F(WriterTest, PrefixesOf25To32BitsShareTheirNetworksGroup) {
    writer.set(prefix(10, 0, 0, 0, 24), 24);
    for (unsigned length = 25; length <= 32; ++length)
        writer.set(prefix(10, 0, 0, 0, length), static_cast<NextHopId>(length));
    EXPECT_EQ(at(10, 0, 0, 0), 32);
    EXPECT_EQ(at(10, 0, 0, 1), 31);
    for (unsigned length = 25; length <= 30; ++length)
        EXPECT_EQ(find(*table, prefix(10, 0, 0, 0, length).last().value), length);
    EXPECT_EQ(at(10, 0, 0, 128), 24);
    EXPECT_EQ(writer.memory().groups_in_use, 1u);
}

TEST_F(WriterTest, AWithdrawnPrefixFallsBackToTheOneThatCoversIt) {
    writer.set(prefix(10, 0, 0, 0, 8), 1);
    writer.set(prefix(10, 1, 1, 0, 24), 2);
    writer.set(prefix(10, 1, 1, 1, 32), 3);
    EXPECT_EQ(writer.remove(prefix(10, 1, 1, 1, 32)), Status::ok);
    EXPECT_EQ(at(10, 1, 1, 1), 2);
    EXPECT_EQ(writer.remove(prefix(10, 1, 1, 0, 24)), Status::ok);
    EXPECT_EQ(at(10, 1, 1, 1), 1);
    EXPECT_EQ(writer.remove(prefix(10, 0, 0, 0, 8)), Status::ok);
    EXPECT_EQ(at(10, 1, 1, 1), no_route);
}

TEST_F(WriterTest, RefusesToRemoveWhatIsNotThereAndNextHopsThatDoNotFit) {
    EXPECT_EQ(writer.remove(prefix(10, 0, 0, 0, 8)), Status::no_such_route);
    EXPECT_EQ(writer.set(prefix(10, 0, 0, 0, 8), no_route), Status::bad_next_hop);
    EXPECT_EQ(writer.set(prefix(10, 0, 0, 0, 8), max_next_hop + 1), Status::bad_next_hop);
    EXPECT_EQ(writer.routes().size(), 0u);
    EXPECT_EQ(writer.set(prefix(10, 0, 0, 0, 8), max_next_hop), Status::ok);
    EXPECT_EQ(at(10, 0, 0, 0), max_next_hop);
}

TEST_F(WriterTest, StoresNothingWhereTheAnswerStaysTheSame) {
    writer.set(prefix(10, 0, 0, 0, 8), 1);
    const std::uint64_t stores = writer.stores();
    EXPECT_EQ(stores, 1u << 16);
    writer.set(prefix(10, 0, 0, 0, 8), 1);
    writer.set(prefix(10, 1, 0, 0, 16), 1);
    EXPECT_EQ(writer.stores(), stores);
}

TEST_F(WriterTest, ABatchTakesEachAddressStraightToItsFinalAnswer) {
    writer.set(prefix(10, 0, 0, 0, 23), 1);
    const std::uint64_t stores = writer.stores();
    const Change changes[] = {{prefix(10, 0, 0, 0, 23), no_route},
                              {prefix(10, 0, 0, 0, 24), 2},
                              {prefix(10, 0, 1, 0, 24), 3},
                              {prefix(10, 0, 1, 0, 24), 4}};
    EXPECT_EQ(writer.apply(changes), Status::ok);
    EXPECT_EQ(at(10, 0, 0, 0), 2);
    EXPECT_EQ(at(10, 0, 1, 0), 4);
    EXPECT_EQ(writer.stores(), stores + 2);  // so none in between, not even to "no route"
}

TEST_F(WriterTest, AGroupIsFilledBeforeAnythingLeadsToIt) {
    writer.set(prefix(10, 0, 0, 0, 8), 1);
    writer.set(prefix(10, 0, 0, 1, 32), 2);
    writer.remove(prefix(10, 0, 0, 1, 32));
    pass_grace_period();  // so that a group with old content is used again
    for (unsigned stores = 1;; ++stores) {
        writer.stop_after(stores);
        try {
            writer.set(prefix(20, 0, 0, 7, 32), 3);
            break;
        } catch (const Writer::Stopped&) {
            EXPECT_THAT(at(20, 0, 0, 7), testing::AnyOf(no_route, 3));
            EXPECT_EQ(at(20, 0, 0, 6), no_route);
            EXPECT_EQ(at(20, 0, 0, 8), no_route);
        }
    }
    EXPECT_EQ(at(20, 0, 0, 7), 3);
}

TEST_F(WriterTest, AGroupIsUsedAgainOnlyAfterTheReadersMovedOn) {
    writer.set(prefix(10, 0, 0, 1, 32), 1);
    const Entry entry = table->tbl24[address(10, 0, 0, 0) >> 8];
    const Entry* group = &table->tbl8[group_of(entry) * group_entries];
    writer.remove(prefix(10, 0, 0, 1, 32));
    EXPECT_EQ(table->tbl24[address(10, 0, 0, 0) >> 8], no_route);
    EXPECT_EQ(group[1], 1) << "a reader may still be on its way there";
    EXPECT_EQ(writer.memory().groups_retired, 1u);

    EXPECT_TRUE(writer.begin_grace_period());
    EXPECT_EQ(writer.memory().groups_retired, 1u);
    writer.end_grace_period();
    EXPECT_EQ(writer.memory().groups_retired, 0u);
    EXPECT_EQ(writer.memory().groups_free, group_count);
    EXPECT_FALSE(writer.begin_grace_period());
}

TEST_F(WriterTest, WhatIsRetiredInAGracePeriodWaitsForTheNext) {
    writer.set(prefix(10, 0, 0, 1, 32), 1);
    writer.set(prefix(10, 0, 1, 1, 32), 1);
    writer.remove(prefix(10, 0, 0, 1, 32));
    writer.begin_grace_period();
    writer.remove(prefix(10, 0, 1, 1, 32));
    writer.end_grace_period();
    EXPECT_EQ(writer.memory().groups_retired, 1u);
    EXPECT_TRUE(writer.begin_grace_period());
}

TEST_F(WriterTest, RefusesARouteForWhichThereIsNoGroupAndLeavesTheTableAlone) {
    ASSERT_EQ(writer.apply(host_routes(group_count)), Status::ok);
    const std::uint64_t stores = writer.stores();
    EXPECT_EQ(writer.set(prefix(10, 0, 0, 0, 25), 1), Status::out_of_groups);
    EXPECT_EQ(writer.routes().size(), group_count);
    EXPECT_EQ(writer.stores(), stores);
    EXPECT_EQ(at(10, 0, 0, 1), no_route);

    EXPECT_EQ(writer.set(prefix(10, 0, 0, 0, 24), 1), Status::ok);
    EXPECT_EQ(writer.set(prefix(100, 0, 0, 128, 25), 1), Status::ok) << "has its group already";
}

TEST_F(WriterTest, RefusesABatchWholeWhenItsLastRouteDoesNotFit) {
    writer.set(prefix(100, 0, 0, 0, 8), 1);
    const std::uint64_t stores = writer.stores();
    EXPECT_EQ(writer.apply(host_routes(group_count + 1)), Status::out_of_groups);
    EXPECT_EQ(writer.routes().size(), 1u);
    EXPECT_EQ(writer.stores(), stores);
    EXPECT_EQ(writer.apply(host_routes(group_count)), Status::ok) << "the refused left no trace";
}

TEST_F(WriterTest, ARouteThatFindsOnlyRetiredGroupsTakesEffectWhenTheReadersMoveOn) {
    writer.set(prefix(10, 0, 0, 0, 8), 1);
    ASSERT_EQ(writer.apply(host_routes(group_count)), Status::ok);
    writer.remove(prefix(100, 0, 0, 1, 32));
    EXPECT_EQ(writer.set(prefix(10, 0, 0, 1, 32), 2), Status::readers_behind);
    EXPECT_TRUE(writer.readers_behind());
    EXPECT_EQ(at(10, 0, 0, 1), 1);
    pass_grace_period();
    EXPECT_FALSE(writer.readers_behind());
    EXPECT_EQ(at(10, 0, 0, 1), 2);
}

TEST(Writer, AsksToWaitForTheReadersWhenOnlyRetiredGroupsAreLeft) {
    GuardedTable table;
    int waits = 0;
    Writer writer(*table, Writer::Found::zeroed, [&] { return ++waits, true; });
    for (std::uint32_t i = 0; i < 3 * group_count; ++i) {
        const net::Ipv4Prefix host = prefix(i << 8 | 1, 32);
        ASSERT_EQ(writer.set(host, 1), Status::ok);
        ASSERT_EQ(find(*table, host.address.value), 1);
        ASSERT_EQ(writer.remove(host), Status::ok);
    }
    EXPECT_EQ(waits, 2);
}

TEST_F(WriterTest, SaysHowMuchMemoryItUses) {
    writer.set(prefix(10, 0, 0, 0, 8), 1);
    writer.set(prefix(10, 0, 0, 0, 25), 2);
    const Writer::Memory memory = writer.memory();
    EXPECT_EQ(memory.table_bytes, 40u << 20);
    EXPECT_EQ(memory.table_bytes_touched, 2 * 65536 + 512u);
    EXPECT_EQ(memory.groups_in_use, 1u);
    EXPECT_EQ(memory.groups_free, group_count - 1);
    EXPECT_GE(memory.rib_bytes, 2 * sizeof(Rib::Node));
}

}  // namespace
}  // namespace sluice::fib
