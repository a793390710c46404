// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/layout/regions.h"
#include "test/lib/shm/processes.h"

namespace sluice::layout {
namespace {

using shm::Foreign;
using shm::Region;
using shm::WhenForeign;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(FoldNumbers, IsTheSameForTheSameNumbersAndOfNoOther) {
    constexpr uint64_t number = fold_numbers({1, 2, 3});
    EXPECT_EQ(fold_numbers({1, 2, 3}), number);
    for (const auto& other :
         {fold_numbers({}), fold_numbers({0}), fold_numbers({1, 2}), fold_numbers({1, 3, 2}),
          fold_numbers({1, 2, 4}), fold_numbers({1, 2, 3, 0}), fold_numbers({0, 1, 2, 3}),
          fold_numbers({1, 2, 3 + (uint64_t{1} << 56)})}) {
        EXPECT_NE(other, number);
    }
}

TEST(Stamps, OfTheTwoMemoriesDiffer) {
    EXPECT_NE(intent_layout.number, state_layout.number);
    EXPECT_STRNE(intent_layout.name, state_layout.name);
    EXPECT_EQ(intent_layout.size, sizeof(Intent));
    EXPECT_EQ(state_layout.size, sizeof(State));
    EXPECT_LT(std::string(version).size(), sizeof(shm::Stamp::version));
}

class OneMemory : public testing::TestWithParam<shm::Layout> {};
INSTANTIATE_TEST_SUITE_P(Layout, OneMemory, testing::Values(intent_layout, state_layout),
                         [](const auto& info) { return info.param.name; });

TEST_P(OneMemory, IsMadeFoundAndRefusedByItsStamp) {
    const shm::Layout ours = GetParam();
    test::RunDirectory run;
    EXPECT_TRUE(Region::own(run.path(), ours, WhenForeign::refuse).fresh());
    EXPECT_FALSE(Region::own(run.path(), ours, WhenForeign::refuse).fresh());

    shm::Layout theirs = ours;
    theirs.number += 1;
    theirs.version = "sluice 9.9.9";
    EXPECT_THAT([&] { Region::view(run.path(), theirs); },
                ThrowsMessage<Foreign>(AllOf(HasSubstr(version), HasSubstr("sluice 9.9.9"))));
}

TEST(Stamps, KeepTheTwoMemoriesOfARouterApart) {
    test::RunDirectory run;
    const Region intent = Region::own(run.path(), intent_layout, WhenForeign::refuse);
    const Region state = Region::own(run.path(), state_layout, WhenForeign::refuse);
    intent.as<Intent>().published = 0x101;
    state.as<State>().main.heartbeat_ns = 7;
    EXPECT_EQ(Region::view(run.path(), intent_layout).as<const Intent>().published, 0x101u);
    EXPECT_EQ(Region::view(run.path(), state_layout).as<const State>().main.heartbeat_ns, 7u);
    EXPECT_NE(run.file("intent"), run.file("state"));
}

TEST(Stamps, LieFirstInBothMemories) {
    EXPECT_EQ(offsetof(Intent, stamp), 0u);
    EXPECT_EQ(offsetof(State, stamp), 0u);
}

}  // namespace
}  // namespace sluice::layout
