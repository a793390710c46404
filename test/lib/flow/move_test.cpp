// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/move.h"

#include <gtest/gtest.h>

#include "test/lib/flow/fixture.h"

namespace sluice::flow {
namespace {

TEST(MovingSessions, KeepsWhatASessionIsAndWhenItWasLastUsed) {
    SmallTable from(8), to(64);
    from.writer->insert(numbered(3, 1), 5);
    ASSERT_EQ(put_back(to.table, live_sessions(from.table.sessions())), 1u);
    const auto moved = live_sessions(to.table.sessions());
    ASSERT_EQ(moved.size(), 1u);
    EXPECT_EQ(moved[0].facts.keys[0], numbered(3).outbound);
    EXPECT_EQ(moved[0].facts.keys[1], numbered(3).inbound);
    EXPECT_EQ(moved[0].facts.mapping, 3u);
    EXPECT_EQ(moved[0].state, 1u);
    EXPECT_EQ(moved[0].last_seen, 5u);
}

TEST(MovingSessions, KeepsWhenASessionWasCreated) {
    SmallTable from(8), to(64);
    const auto made = from.writer->insert(numbered(3), 5);
    from.table.session(made.flow.place()).touch(9);
    put_back(to.table, live_sessions(from.table.sessions()));
    const auto moved = live_sessions(to.table.sessions());
    ASSERT_EQ(moved.size(), 1u);
    EXPECT_EQ(moved[0].facts.created, 5u);
    EXPECT_EQ(moved[0].last_seen, 9u);
}

TEST(MovingSessions, LeavesThoseThatEndedBehind) {
    SmallTable from(8);
    from.writer->insert(numbered(1), 5);
    const auto gone = from.writer->insert(numbered(2), 5);
    ASSERT_EQ(from.writer->remove(gone.flow.place(), 6), Status::ok);
    const auto live = live_sessions(from.table.sessions());
    ASSERT_EQ(live.size(), 1u);
    EXPECT_EQ(live[0].facts.mapping, 1u);
}

TEST(MovingSessions, PutsAsManyBackAsThereIsRoomForTheFirstOnes) {
    SmallTable from(8), to(2);
    for (uint32_t n = 0; n < 5; ++n) from.writer->insert(numbered(n), 5);
    EXPECT_EQ(put_back(to.table, live_sessions(from.table.sessions())), 2u);
    EXPECT_EQ(live_sessions(to.table.sessions()).size(), 2u);
}

}  // namespace
}  // namespace sluice::flow
