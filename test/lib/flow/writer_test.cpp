// SPDX-License-Identifier: BSD-3-Clause
#include <random>
#include <set>

#include "test/lib/flow/fixture.h"

namespace sluice::flow {
namespace {

// As the worker does: a call a burst, until this tick's look through all places is done.
std::set<uint32_t> expire_all(Writer& writer, const Table& table, uint32_t now) {
    std::set<uint32_t> all;
    for (uint32_t i = 0; i < table.capacity() / 8 + 4; ++i) {
        uint32_t ended[Writer::visits_a_call];
        const unsigned n = writer.expire(now, ended);
        for (unsigned j = 0; j < n; ++j) EXPECT_TRUE(all.insert(ended[j]).second);
        writer.begin_grace_period();
        writer.end_grace_period();
    }
    return all;
}

TEST(Insert, NamesTheSessionThatHasOneOfTheKeysAndChangesNothing) {
    SmallTable small(10);
    const Flow first = small.writer->insert(numbered(1), 1).flow;
    NewSession same_inside = numbered(2);
    same_inside.outbound = numbered(1).outbound;
    NewSession same_outside = numbered(2);
    same_outside.inbound = numbered(1).inbound;

    const auto exists = small.writer->insert(same_inside, 1);
    EXPECT_EQ(exists.status, Status::exists);
    EXPECT_EQ(exists.flow, first);
    const auto taken = small.writer->insert(same_outside, 1);
    EXPECT_EQ(taken.status, Status::taken);
    EXPECT_EQ(taken.flow, Flow(first.place(), Direction::inbound));
    EXPECT_FALSE(small.find(same_inside.inbound).exists());
    EXPECT_FALSE(small.find(same_outside.outbound).exists());
    small.pass_grace_period();
    EXPECT_EQ(small.table.free_places().count(), 9u);
    EXPECT_EQ(what_is_wrong_with(small.table), "");
}

TEST(Insert, LetsOneExternalEndpointServeManyRemotes) {
    SmallTable small(10);
    for (uint16_t remote = 0; remote < 10; ++remote) {
        NewSession session = numbered(remote);
        session.inbound = numbered(0).inbound;
        session.inbound.source_port = net::be16(static_cast<uint16_t>(7000 + remote));
        ASSERT_EQ(small.writer->insert(session, 1).status, Status::ok);
    }
    EXPECT_EQ(what_is_wrong_with(small.table), "");
}

TEST(Insert, TellsRealmsAndProtocolsApart) {
    SmallTable small(4);
    NewSession session = numbered(1);
    ASSERT_EQ(small.writer->insert(session, 1).status, Status::ok);
    session.outbound.realm = session.inbound.realm = 1;
    ASSERT_EQ(small.writer->insert(session, 1).status, Status::ok);
    session.outbound.protocol = session.inbound.protocol = 17;
    ASSERT_EQ(small.writer->insert(session, 1).status, Status::ok);
    EXPECT_EQ(small.writer->insert(session, 1).status, Status::exists);
}

TEST(Insert, ThatFindsTheSecondBucketLockedIsBusyAndUndone) {
    SmallTable small(4);
    const Index& index = small.table.index();
    {
        const BucketLock lock(index.first(index.hash(numbered(1).inbound)));
        ASSERT_EQ(small.writer->insert(numbered(1), 1).status, Status::busy);
        EXPECT_FALSE(small.find(numbered(1).outbound).exists());
    }
    uint32_t ended[4];
    EXPECT_EQ(small.writer->expire(2, ended), 0u) << "it never was";
    small.pass_grace_period(2);
    EXPECT_EQ(small.table.free_places().count(), 4u);
    EXPECT_EQ(what_is_wrong_with(small.table), "");
    EXPECT_EQ(small.writer->insert(numbered(1), 2).status, Status::ok);
}

TEST(Remove, EndsASessionForOneCallerOnly) {
    SmallTable small(10);
    const Flow flow = small.writer->insert(numbered(1), 1).flow;
    EXPECT_EQ(small.writer->remove(flow.place(), 1), Status::ok);
    EXPECT_EQ(small.writer->remove(flow.place(), 1), Status::gone);
    EXPECT_FALSE(small.find(numbered(1).outbound).exists());
    EXPECT_FALSE(small.find(numbered(1).inbound).exists());
}

TEST(Remove, UsesAPlaceAgainOnlyWhenTheReadersHavePassed) {
    SmallTable small(1);
    const Flow flow = small.writer->insert(numbered(1), 1).flow;
    ASSERT_EQ(small.writer->remove(flow.place(), 1), Status::ok);
    EXPECT_EQ(small.writer->insert(numbered(2), 1).status, Status::full);
    ASSERT_TRUE(small.writer->begin_grace_period());
    EXPECT_EQ(small.writer->insert(numbered(2), 1).status, Status::full);
    EXPECT_EQ(small.table.session(0).facts.mapping, 1u) << "readable till then";
    small.writer->end_grace_period();
    EXPECT_EQ(small.writer->insert(numbered(2), 1).status, Status::ok);
}

TEST(Remove, OfWhatEndedWithinAGracePeriodWaitsForTheNext) {
    SmallTable small(2);
    const Flow first = small.writer->insert(numbered(1), 1).flow;
    const Flow second = small.writer->insert(numbered(2), 1).flow;
    small.writer->remove(first.place(), 1);
    ASSERT_TRUE(small.writer->begin_grace_period());
    small.writer->remove(second.place(), 1);
    EXPECT_FALSE(small.writer->begin_grace_period());
    small.writer->end_grace_period();
    EXPECT_EQ(small.writer->insert(numbered(3), 1).status, Status::ok);
    EXPECT_EQ(small.writer->insert(numbered(4), 1).status, Status::full);
}

TEST(Remove, IsBusyWhenTheReadersStandStill) {
    constexpr uint32_t n = Writer::most_retired + 1;
    SmallTable small(n);
    for (uint32_t i = 0; i < n; ++i) small.writer->insert(numbered(i), 1);
    for (uint32_t i = 0; i < n - 1; ++i) ASSERT_EQ(small.writer->remove(i, 1), Status::ok);
    EXPECT_EQ(small.writer->remove(n - 1, 1), Status::busy);
    EXPECT_TRUE(small.table.session(n - 1).is_live());
    small.pass_grace_period();
    EXPECT_EQ(small.writer->remove(n - 1, 1), Status::ok);
}

TEST(Remove, ThatFindsABucketLockedIsFinishedByALaterLook) {
    SmallTable small(4);
    const Flow flow = small.writer->insert(numbered(1), 1).flow;
    const Index& index = small.table.index();
    {
        const BucketLock lock(index.first(index.hash(numbered(1).inbound)));
        ASSERT_EQ(small.writer->remove(flow.place(), 1), Status::ok);
        EXPECT_FALSE(small.find(numbered(1).outbound).exists());
        EXPECT_EQ(small.writer->retired(), 0u);
    }
    uint32_t ended[4];
    EXPECT_EQ(small.writer->expire(2, ended), 0u) << "it ended once already";
    EXPECT_EQ(small.writer->retired(), 1u);
    small.pass_grace_period(2);
    EXPECT_EQ(what_is_wrong_with(small.table), "");
}

TEST(Expire, EndsASessionWhenItsClassHasBeenIdleForItsTimeAndNotBefore) {
    SmallTable small(10);
    const uint32_t ten = small.writer->insert(numbered(1, 0), 100).flow.place();
    const uint32_t hundred = small.writer->insert(numbered(2, 1), 100).flow.place();
    using Places = std::set<uint32_t>;
    EXPECT_EQ(expire_all(*small.writer, small.table, 109), Places{});
    EXPECT_EQ(expire_all(*small.writer, small.table, 110), Places{ten});
    EXPECT_EQ(expire_all(*small.writer, small.table, 199), Places{});
    EXPECT_EQ(expire_all(*small.writer, small.table, 200), Places{hundred});
    EXPECT_EQ(what_is_wrong_with(small.table), "");
}

TEST(Expire, SparesASessionThatIsUsed) {
    SmallTable small(10);
    const uint32_t place = small.writer->insert(numbered(1), 100).flow.place();
    for (uint32_t now = 101; now < 200; ++now) {
        if (now % 9 == 0) small.table.session(place).touch(now);
        ASSERT_TRUE(expire_all(*small.writer, small.table, now).empty()) << now;
    }
    EXPECT_EQ(expire_all(*small.writer, small.table, 208).size(), 1u);
}

TEST(Expire, FollowsASessionIntoAShorterOrLongerClass) {
    SmallTable small(10);
    const uint32_t shorter = small.writer->insert(numbered(1, 2), 100).flow.place();
    const uint32_t longer = small.writer->insert(numbered(2, 0), 100).flow.place();
    EXPECT_TRUE(small.writer->change_state(shorter, 2, 0xabc00, 100));
    EXPECT_FALSE(small.writer->change_state(shorter, 2, 0xdef00, 100));
    EXPECT_TRUE(small.writer->change_state(longer, 0, 1, 100));
    EXPECT_EQ(small.table.session(shorter).state.load(), 0xabc00u);
    EXPECT_EQ(expire_all(*small.writer, small.table, 110), std::set<uint32_t>{shorter});
    EXPECT_EQ(expire_all(*small.writer, small.table, 200), std::set<uint32_t>{longer});
}

TEST(Expire, LetsASessionGoOnInTheClassThatFollowsItsOwnAndSaysSo) {
    SmallTable small(10);
    Timeouts two{{10, 100, 1000, 5}};
    two.then[1] = 3;
    small.writer->set_timeouts(two);
    const uint32_t place = small.writer->insert(numbered(1, 0xabc01), 100).flow.place();
    const flow::Session& session = small.table.session(place);
    std::array<uint32_t, 8> ended;
    for (uint32_t now = 100; now < 200; ++now) {
        EXPECT_EQ(small.writer->expire(now, ended), 0u);
        EXPECT_TRUE(small.writer->let_go_on().empty());
    }
    EXPECT_EQ(small.writer->expire(200, ended), 0u);
    ASSERT_EQ(small.writer->let_go_on().size(), 1u);
    EXPECT_EQ(small.writer->let_go_on()[0], place);
    EXPECT_EQ(session.state.load(), 0xabc03u);
    EXPECT_TRUE(session.is_live());
    for (uint32_t now = 201; now < 205; ++now) EXPECT_EQ(small.writer->expire(now, ended), 0u);
    EXPECT_EQ(small.writer->expire(205, ended), 1u);
}

TEST(Expire, FollowsNewTimeoutsForSessionsThatWereToLiveLonger) {
    SmallTable small(300);
    for (uint32_t i = 0; i < 300; ++i) small.writer->insert(numbered(i, 2), 100);
    constexpr Timeouts shorter{{10, 20, 30, 40}};
    small.writer->set_timeouts(shorter);
    EXPECT_EQ(expire_all(*small.writer, small.table, 129).size(), 0u);
    EXPECT_EQ(expire_all(*small.writer, small.table, 130).size(), 300u);
}

TEST(Expire, WorksWhereTicksWrap) {
    SmallTable small(10, 0xfffffffa);
    small.writer->insert(numbered(1), 0xfffffffa);
    EXPECT_EQ(expire_all(*small.writer, small.table, 3).size(), 0u);
    EXPECT_EQ(expire_all(*small.writer, small.table, 4).size(), 1u);
}

TEST(Expire, DoesABoundedAmountACallAndAllInTheEnd) {
    constexpr uint32_t n = 20'000;
    SmallTable small(n);
    for (uint32_t i = 0; i < n; ++i) small.writer->insert(numbered(i), 1);
    unsigned calls = 0;
    std::vector<uint32_t> ended(n);
    for (uint32_t left = n; left > 0; ++calls) {
        const unsigned count = small.writer->expire(50, ended);
        ASSERT_LE(count, Writer::visits_a_call);
        left -= count;
        small.writer->begin_grace_period();
        small.writer->end_grace_period();
        ASSERT_LT(calls, n);
    }
    EXPECT_LE(calls, n / Writer::visits_a_call + n / Writer::looks_a_call + 1);
    small.pass_grace_period();
    EXPECT_EQ(small.table.free_places().count(), n);
}

TEST(Expire, StartsForAllSessionsThatWereFoundAfterADeath) {
    constexpr uint32_t n = 100;
    SmallTable small(n);
    for (uint32_t i = 0; i < n; ++i) small.writer->insert(numbered(i), 100 + i % 2);
    Table next(small.memory.bytes(), n);
    ASSERT_EQ(next.adopt(105).kept, n);
    Writer writer(next, 0, 1, short_timeouts);
    EXPECT_EQ(expire_all(writer, next, 109).size(), 0u);
    EXPECT_EQ(expire_all(writer, next, 110).size(), n / 2);
    EXPECT_EQ(expire_all(writer, next, 111).size(), n / 2);
}

TEST(Shares, CoverEveryPlaceOnceAndAWorkerWithoutRoomUsesOthers) {
    constexpr uint32_t n = 1000;
    for (const unsigned workers : {1u, 3u, 7u, 32u}) {
        Memory memory(Table::bytes_for(n));
        Table table(memory.bytes(), n);
        table.adopt(1);
        std::vector<std::unique_ptr<Writer>> writers;
        for (unsigned w = 0; w < workers; ++w) {
            writers.push_back(std::make_unique<Writer>(table, w, workers, short_timeouts));
        }
        Writer& busiest = *writers.back();
        const uint32_t first = busiest.insert(numbered(0), 1).flow.place();
        EXPECT_EQ(Writer::owner_of(first, n, workers), workers - 1);
        for (uint32_t i = 1; i < n; ++i) {
            ASSERT_EQ(busiest.insert(numbered(i), 1).status, Status::ok);
        }
        std::set<uint32_t> all;
        for (unsigned w = 0; w < workers; ++w) {
            for (const uint32_t place : expire_all(*writers[w], table, 50)) {
                EXPECT_EQ(Writer::owner_of(place, n, workers), w);
                EXPECT_TRUE(all.insert(place).second);
            }
        }
        EXPECT_EQ(all.size(), n);
        EXPECT_EQ(what_is_wrong_with(table), "");
    }
}

}  // namespace
}  // namespace sluice::flow
