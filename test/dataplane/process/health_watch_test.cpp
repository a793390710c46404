// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/health_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using layout::EventKind;
using testing::ElementsAre;
using testing::IsEmpty;

// A rule with two targets, asked every 2 s: dead after 3 without an answer, alive after 2 with.
class HealthWatchTest : public testing::Test {
  protected:
    HealthWatchTest() {
        auto& nat = snapshot_->nat;
        nat.settings.rule_count = 1;
        nat.settings.target_count = 3;
        nat.rules[0].id = 7;
        nat.rules[0].targets = {1, 2};
        nat.rules[0].health = {layout::NatProbe::tcp, 3, 2, 0, 0, 2};
        nat.targets[0] = {net::addr(10, 0, 0, 1).value, 80, 1};
        nat.targets[1] = {net::addr(10, 0, 0, 2).value, 80, 5};
        nat.targets[2] = {net::addr(10, 0, 0, 3).value, 80, 1};
        follow();
    }
    void follow() {
        watch_.follow(*snapshot_, [](uint32_t) { return false; });
    }
    // Two seconds, after which so many of the targets had answered.
    std::vector<HealthWatch::Change> after(std::initializer_list<uint32_t> answered) {
        now_ns_ += 2 * second_ns;
        auto look = watch_.look(now_ns_, [&](uint32_t target) {
            return std::find(answered.begin(), answered.end(), target) != answered.end();
        });
        probes_ = look.probes;
        return look.changes;
    }
    std::vector<uint16_t> asked() const {
        std::vector<uint16_t> targets;
        for (const Errand& e : probes_) targets.push_back(e.target);
        return targets;
    }

    std::unique_ptr<layout::Snapshot> snapshot_ = std::make_unique<layout::Snapshot>();
    HealthWatch watch_;
    uint64_t now_ns_ = 0;
    std::vector<Errand> probes_;
};

TEST_F(HealthWatchTest, AsksEachTargetOfARuleThatWantsItOnceAnInterval) {
    after({});
    EXPECT_THAT(asked(), ElementsAre(1, 2));
    now_ns_ -= second_ns;
    after({});
    EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(HealthWatchTest, ATargetIsDeadAfterSoManyProbesWithoutAnAnswerInARow) {
    after({});
    EXPECT_THAT(after({2}), IsEmpty());
    EXPECT_THAT(after({2}), IsEmpty());
    EXPECT_THAT(after({1, 2}), IsEmpty());  // one answer, and counting begins anew
    EXPECT_THAT(after({2}), IsEmpty());
    EXPECT_THAT(after({2}), IsEmpty());
    const auto changes = after({2});
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_EQ(changes[0].kind, EventKind::nat_target_died);
    EXPECT_EQ(changes[0].address, net::addr(10, 0, 0, 2));
    EXPECT_EQ(changes[0].port, 80);
    EXPECT_EQ(changes[0].rule, 7);
    EXPECT_THAT(watch_.dead(), ElementsAre(1));
    EXPECT_THAT(after({2}), IsEmpty());
}

TEST_F(HealthWatchTest, ADeadTargetLivesAfterSoManyAnswersInARow) {
    for (unsigned i = 0; i < 4; ++i) after({2});
    ASSERT_THAT(watch_.dead(), ElementsAre(1));
    EXPECT_THAT(after({1, 2}), IsEmpty());
    EXPECT_THAT(after({2}), IsEmpty());
    EXPECT_THAT(after({1, 2}), IsEmpty());
    const auto changes = after({1, 2});
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_EQ(changes[0].kind, EventKind::nat_target_revived);
    EXPECT_THAT(watch_.dead(), IsEmpty());
}

TEST_F(HealthWatchTest, MarksTheDeadInTheSnapshotAndLeavesTheirWeights) {
    for (unsigned i = 0; i < 4; ++i) after({2});
    watch_.mark(*snapshot_);
    EXPECT_EQ(snapshot_->nat.targets[1].weight, 5 | layout::target_is_dead);
    EXPECT_EQ(snapshot_->nat.targets[2].weight, 1);
    after({1, 2});
    after({1, 2});
    watch_.mark(*snapshot_);
    EXPECT_EQ(snapshot_->nat.targets[1].weight, 5);
}

TEST_F(HealthWatchTest, ATargetKeepsItsConditionThroughOtherChanges) {
    for (unsigned i = 0; i < 4; ++i) after({2});
    std::swap(snapshot_->nat.targets[1], snapshot_->nat.targets[2]);
    follow();
    EXPECT_THAT(watch_.dead(), ElementsAre(2));
    snapshot_->nat.rules[0].health.probe = layout::NatProbe::none;
    follow();
    EXPECT_THAT(watch_.dead(), IsEmpty());
}

TEST_F(HealthWatchTest, ATargetThatTheLastDataplaneKnewAsDeadIsDead) {
    HealthWatch next;
    next.follow(*snapshot_, [](uint32_t target) { return target == 2; });
    EXPECT_THAT(next.dead(), ElementsAre(2));
}

}  // namespace
}  // namespace sluice
