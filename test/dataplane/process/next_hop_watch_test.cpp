// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/next_hop_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using layout::EventKind;
using testing::IsEmpty;
using testing::SizeIs;

class NextHopWatchTest : public testing::Test {
  protected:
    NextHopWatchTest() {
        place_ = neighbours_.find_or_add(2, gateway_, 0, 64);
        plan_->adjacencies[5] = {2, 1500, place_, NextHopKind::gateway};
        plan_->gateways[5] = gateway_.value;
        snapshot_->members[0] = 5;
        snapshot_->member_count = 1;
        watch_.follow(*snapshot_, *plan_, neighbours_);
    }
    void die() {
        neighbours_.move(place_, NeighbourCondition::incomplete, NeighbourCondition::failed, 0);
    }
    void answer() {
        neighbours_.confirm(place_, 2, gateway_, net::MacAddress{{2, 0, 0, 0, 0, 9}}, 0);
    }

    const net::Ipv4Address gateway_ = net::addr(10, 0, 0, 2);
    std::vector<NeighbourEntry> entries_{64};
    NeighbourTable neighbours_{entries_};
    std::unique_ptr<Plan> plan_ = std::make_unique<Plan>();
    std::unique_ptr<layout::Snapshot> snapshot_ = std::make_unique<layout::Snapshot>();
    uint32_t place_ = 0;
    NextHopWatch watch_;
};

TEST_F(NextHopWatchTest, TellsOfADeathOnce) {
    EXPECT_THAT(watch_.look(neighbours_), IsEmpty());
    die();
    const auto changes = watch_.look(neighbours_);
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_EQ(changes[0].kind, EventKind::next_hop_died);
    EXPECT_EQ(changes[0].interface, 2);
    EXPECT_EQ(changes[0].address, gateway_);
    EXPECT_THAT(watch_.look(neighbours_), IsEmpty());
}

TEST_F(NextHopWatchTest, AsksTheDeadWhetherTheyAreBack) {
    EXPECT_THAT(watch_.questions_to_the_dead(), IsEmpty());
    die();
    watch_.look(neighbours_);
    const auto questions = watch_.questions_to_the_dead();
    ASSERT_THAT(questions, SizeIs(1));
    EXPECT_EQ(questions[0].kind, Errand::Kind::ask);
    EXPECT_EQ(questions[0].address, gateway_);
}

TEST_F(NextHopWatchTest, TellsOfAReturn) {
    die();
    watch_.look(neighbours_);
    answer();
    const auto changes = watch_.look(neighbours_);
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_EQ(changes[0].kind, EventKind::next_hop_revived);
    EXPECT_THAT(watch_.questions_to_the_dead(), IsEmpty());
}

TEST_F(NextHopWatchTest, DoesNotTakeAnotherQuestionForAReturn) {
    die();
    watch_.look(neighbours_);
    neighbours_.move(place_, NeighbourCondition::failed, NeighbourCondition::incomplete, 0);
    EXPECT_THAT(watch_.look(neighbours_), IsEmpty());
}

}  // namespace
}  // namespace sluice
