// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/announcer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t second = 1'000'000'000;

std::unique_ptr<Plan> plan_with(bool up, uint8_t last_of_mac) {
    auto plan = std::make_unique<Plan>();
    plan->addresses.push_back({net::addr(10, 0, 0, 1), 24});
    plan->interfaces[3].up = up;
    plan->interfaces[3].mac = net::MacAddress{{2, 0, 0, 0, 0, last_of_mac}};
    plan->interfaces[3].address_count = 1;
    return plan;
}

TEST(Announcer, TellsOfAnAddressAtOnceAndOnceMoreAfterTwoSeconds) {
    Announcer announcer;
    const auto first = announcer.on_plan(*plan_with(true, 1), 0);
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_EQ(first[0].kind, Errand::Kind::announce);
    EXPECT_EQ(first[0].interface, 3);
    EXPECT_EQ(first[0].address, net::addr(10, 0, 0, 1));
    EXPECT_THAT(announcer.due(1 * second), IsEmpty());
    EXPECT_THAT(announcer.due(2 * second), SizeIs(1));
    EXPECT_THAT(announcer.due(9 * second), IsEmpty());
}

TEST(Announcer, SaysNothingOfWhatIsKnown) {
    Announcer announcer;
    announcer.on_plan(*plan_with(true, 1), 0);
    EXPECT_THAT(announcer.on_plan(*plan_with(true, 1), 0), IsEmpty());
}

TEST(Announcer, TellsOfAnotherMacAddress) {
    Announcer announcer;
    announcer.on_plan(*plan_with(true, 1), 0);
    EXPECT_THAT(announcer.on_plan(*plan_with(true, 2), 0), SizeIs(1));
}

TEST(Announcer, WaitsForTheLinkAndTellsAgainWhenItIsBack) {
    Announcer announcer;
    EXPECT_THAT(announcer.on_plan(*plan_with(false, 1), 0), IsEmpty());
    EXPECT_THAT(announcer.on_plan(*plan_with(true, 1), 0), SizeIs(1));
    EXPECT_THAT(announcer.on_plan(*plan_with(false, 1), 0), IsEmpty());
    EXPECT_THAT(announcer.on_plan(*plan_with(true, 1), 0), SizeIs(1));
}

}  // namespace
}  // namespace sluice
