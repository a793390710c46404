// SPDX-License-Identifier: BSD-3-Clause
#include <random>

#include "test/lib/flow/fixture.h"

namespace sluice::flow {
namespace {

// An index of any density over sessions that all live.
struct Dense {
    Dense(uint32_t buckets_count, uint32_t sessions_count)
        : buckets(buckets_count), sessions(sessions_count) {
        for (uint32_t n = 0; n < sessions_count; ++n) {
            const NewSession made = numbered(n);
            sessions[n].facts.keys[0] = made.outbound;
            sessions[n].facts.keys[1] = made.inbound;
            sessions[n].commit = Session::commit_word(1, Condition::live);
        }
    }
    bool holds(Flow flow) const {
        return index.find(sessions[flow.place()].key(flow.direction())) == flow;
    }

    std::vector<Bucket> buckets;
    std::vector<Session> sessions;
    Index index{buckets, SessionKeys{sessions}, random_secret()};
};

TEST(Index, MakesRoomByMovesFarBeyondTheSixTenthsThatItsTableFills) {
    constexpr uint32_t buckets = 1000;
    Dense dense(buckets, buckets * Bucket::slots / 2);
    std::vector<Flow> linked;
    for (uint32_t bits = 0; bits < 2 * dense.sessions.size(); ++bits) {
        const Flow flow = Flow::from_bits(bits);
        const auto outcome = dense.index.link(flow);
        if (outcome.linked == Index::Linked::full) break;
        ASSERT_EQ(outcome.linked, Index::Linked::ok);
        linked.push_back(flow);
    }
    // The secret of the hash is another each time: 8,700 to 9,500 keys were seen to fit.
    EXPECT_GT(linked.size(), buckets * Bucket::slots * 8 / 10);
    for (const Flow flow : linked) ASSERT_TRUE(dense.holds(flow));
    for (const Flow flow : linked) ASSERT_TRUE(dense.index.unlink(flow));
    for (const Bucket& bucket : dense.index.buckets()) {
        EXPECT_EQ(bucket.empty(), (1u << Bucket::slots) - 1);
        EXPECT_EQ(bucket.away(), 0u);
    }
}

TEST(Index, RefusesAKeyThatIsThereAndLeavesItAsItWas) {
    Dense dense(4, 2);
    dense.sessions[1].facts.keys[1] = dense.sessions[0].facts.keys[0];
    const Flow holder(0, Direction::outbound);
    ASSERT_EQ(dense.index.link(holder).linked, Index::Linked::ok);
    const auto [linked, flow] = dense.index.link(Flow(1, Direction::inbound));
    EXPECT_EQ(linked, Index::Linked::exists);
    EXPECT_EQ(flow, holder);
    EXPECT_TRUE(dense.holds(holder));
    // To unlink what was not linked takes nothing from whoever has the key.
    EXPECT_TRUE(dense.index.unlink(Flow(1, Direction::inbound)));
    EXPECT_TRUE(dense.holds(holder));
}

TEST(Index, IsBusyWhereASessionWithTheKeyIsNotLiveYetOrAnyMore) {
    Dense dense(4, 2);
    dense.sessions[1].facts.keys[0] = dense.sessions[0].facts.keys[0];
    ASSERT_EQ(dense.index.link(Flow(0, Direction::outbound)).linked, Index::Linked::ok);
    for (const Condition condition :
         {Condition::making, Condition::ending, Condition::unfinished}) {
        dense.sessions[0].commit = Session::commit_word(1, condition);
        EXPECT_EQ(dense.index.link(Flow(1, Direction::outbound)).linked, Index::Linked::busy);
        EXPECT_FALSE(dense.index.find(dense.sessions[0].facts.keys[0]).exists());
    }
}

TEST(Index, GivesUpOnALockedBucketAndReadersDoNotCare) {
    Dense dense(2, 40);
    const Flow here(0, Direction::outbound);
    ASSERT_EQ(dense.index.link(here).linked, Index::Linked::ok);
    const BucketLock first(dense.buckets[0]);
    const BucketLock second(dense.buckets[1]);
    ASSERT_TRUE(first.held() && second.held());
    EXPECT_FALSE(BucketLock(dense.buckets[0]).held());
    EXPECT_EQ(dense.index.link(Flow(1, Direction::outbound)).linked, Index::Linked::busy);
    EXPECT_FALSE(dense.index.unlink(here));
    EXPECT_TRUE(dense.holds(here));
    EXPECT_FALSE(dense.holds(Flow(1, Direction::outbound)));
}

TEST(Index, FindsInBulkWhatItFindsOneByOneInBurstsOfEveryLength) {
    Dense dense(100, 450);
    for (uint32_t bits = 0; bits < 900; bits += 2) {
        ASSERT_EQ(dense.index.link(Flow::from_bits(bits)).linked, Index::Linked::ok);
    }
    std::mt19937 random(4);
    for (unsigned n = 0; n <= 130; ++n) {
        std::vector<FlowKey> keys(n);
        std::vector<uint64_t> hashes(n);
        std::vector<Flow> found(n);
        for (FlowKey& key : keys) key = dense.sessions[random() % 450].facts.keys[random() % 2];
        dense.index.prepare(keys.data(), hashes.data(), n);
        const uint64_t mask = dense.index.find_bulk(keys.data(), hashes.data(), found.data(), n);
        for (unsigned i = 0; i < n; ++i) {
            ASSERT_EQ(found[i], dense.index.find(keys[i]));
            if (i < 64) {
                ASSERT_EQ((mask >> i & 1) != 0, found[i].exists());
            }
        }
    }
}

}  // namespace
}  // namespace sluice::flow
