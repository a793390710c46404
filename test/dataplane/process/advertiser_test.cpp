// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/advertiser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t a_second = 1'000'000'000;

// Interface 3 with an IPv6 address.
std::unique_ptr<Plan> advertising_plan(bool up, bool advertises = true) {
    auto snapshot = std::make_unique<layout::Snapshot>();
    snapshot->interfaces[3].name[0] = 'x';
    snapshot->interfaces[3].enabled = 1;
    snapshot->interfaces[3].router_advertisements = advertises;
    snapshot->ipv6.address_count = 1;
    snapshot->ipv6.addresses[0] = {0x2001'0db8'0000'0000, 1, 3, 64, {}};
    auto plan = std::make_unique<Plan>();
    plan->interfaces[3].up = up;
    plan->ipv6 = ipv6::Routing::compile(*snapshot, *plan);
    return plan;
}

TEST(Advertiser, TellsOfTheRouterThreeTimesAndThenEachFewMinutes) {
    Advertiser advertiser;
    const auto plan = advertising_plan(true);
    const auto first = advertiser.due(*plan, 0);
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_EQ(first[0].kind, Errand::Kind::advertise);
    EXPECT_EQ(first[0].interface, 3);
    EXPECT_THAT(advertiser.due(*plan, 15 * a_second), IsEmpty());
    EXPECT_THAT(advertiser.due(*plan, 16 * a_second), SizeIs(1));
    EXPECT_THAT(advertiser.due(*plan, 32 * a_second), SizeIs(1));
    EXPECT_THAT(advertiser.due(*plan, 231 * a_second), IsEmpty());
    EXPECT_THAT(advertiser.due(*plan, 632 * a_second), SizeIs(1));
}

TEST(Advertiser, BeginsAnewWhenTheLinkIsBack) {
    Advertiser advertiser;
    EXPECT_THAT(advertiser.due(*advertising_plan(true), 0), SizeIs(1));
    EXPECT_THAT(advertiser.due(*advertising_plan(false), a_second), IsEmpty());
    EXPECT_THAT(advertiser.due(*advertising_plan(true), 2 * a_second), SizeIs(1));
}

TEST(Advertiser, SaysNothingWhereNobodyWantsIt) {
    Advertiser advertiser;
    EXPECT_THAT(advertiser.due(*advertising_plan(true, false), 0), IsEmpty());
    EXPECT_THAT(advertiser.due(Plan{}, 0), IsEmpty());
}

}  // namespace
}  // namespace sluice
