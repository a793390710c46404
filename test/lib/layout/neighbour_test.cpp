// SPDX-License-Identifier: BSD-3-Clause
#include "lib/layout/neighbour.h"

#include <set>

#include <gtest/gtest.h>

namespace sluice::layout {
namespace {

constexpr net::MacAddress mac{{0x02, 0x11, 0x22, 0x33, 0x44, 0xff}};
constexpr NeighbourCondition conditions[] = {
    NeighbourCondition::none,  NeighbourCondition::incomplete, NeighbourCondition::reachable,
    NeighbourCondition::stale, NeighbourCondition::probe,      NeighbourCondition::failed};

TEST(NeighbourLink, KeepsMacConditionAndFlagsApart) {
    for (const auto condition : conditions) {
        for (const bool is_static : {false, true}) {
            for (const bool pinned : {false, true}) {
                const auto link = NeighbourLink()
                                      .with_flag(NeighbourLink::static_bit, is_static)
                                      .with_mac(net::broadcast_mac)
                                      .with(NeighbourCondition::failed)
                                      .with_flag(NeighbourLink::pinned_bit, pinned)
                                      .with_mac(mac)
                                      .with(condition);
                EXPECT_EQ(link.mac(), mac);
                EXPECT_EQ(link.condition(), condition);
                EXPECT_EQ(link.is_static(), is_static);
                EXPECT_EQ(link.pinned(), pinned);
            }
        }
    }
}

TEST(NeighbourLink, IsUsableExactlyWhenReachableOrBeingProbed) {
    for (const auto condition : conditions) {
        const bool usable =
            condition == NeighbourCondition::reachable || condition == NeighbourCondition::probe;
        EXPECT_EQ(NeighbourLink(~uint64_t{0}).with(condition).usable(), usable);
        EXPECT_EQ(NeighbourLink().with(condition).usable(), usable);
    }
}

TEST(NeighbourLink, LosesAFlagThatIsTakenAway) {
    const auto link = NeighbourLink(~uint64_t{0}).with_flag(NeighbourLink::pinned_bit, false);
    EXPECT_FALSE(link.pinned());
    EXPECT_TRUE(link.is_static());
}

TEST(NeighbourKey, IsOneWordForEachInterfaceAndAddressAndNeverZero) {
    std::set<uint64_t> keys;
    for (const InterfaceId interface : {0, 1, 63, 254, 255}) {
        for (const auto address :
             {net::addr(0, 0, 0, 0), net::addr(10, 0, 0, 1), net::addr(255, 255, 255, 255)}) {
            const uint64_t key = NeighbourKey::of(interface, address);
            EXPECT_NE(key, 0u);
            EXPECT_EQ(NeighbourKey::interface(key), interface);
            EXPECT_EQ(NeighbourKey::address(key), address);
            EXPECT_TRUE(keys.insert(key).second);
        }
    }
}

}  // namespace
}  // namespace sluice::layout
