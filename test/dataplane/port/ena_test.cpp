// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/ena.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::port::ena {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(EnaArguments, SpellOutTheLlqPolicy) {
    EXPECT_THAT(with_llq("0000:00:06.0"), StartsWith("0000:00:06.0,"));
    EXPECT_THAT(with_llq("0000:00:06.0"), HasSubstr("llq"));
}

TEST(EnaArguments, LeaveAPolicyOfTheUsersAlone) {
    EXPECT_EQ(with_llq("0000:00:06.0,enable_llq=0"), "0000:00:06.0,enable_llq=0");
    EXPECT_EQ(with_llq("0000:00:06.0,large_llq_hdr=1"), "0000:00:06.0,large_llq_hdr=1");
    EXPECT_EQ(with_llq("0000:00:06.0,llq_policy=3"), "0000:00:06.0,llq_policy=3");
}

TEST(EnaArguments, AreNotForOtherDevices) {
    EXPECT_EQ(complete("net_tap0,iface=tap0"), "net_tap0,iface=tap0");
    EXPECT_EQ(complete("ffff:ff:1f.7"), "ffff:ff:1f.7");
}

}  // namespace
}  // namespace sluice::port::ena
