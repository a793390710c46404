// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/deterministic.h"

#include <set>

#include <gtest/gtest.h>

#include "lib/net/address.h"

namespace sluice::nat {
namespace {

using net::addr;

TEST(Deterministic, SharesAnAddressEvenlyInSequence) {
    // As in RFC 7422 section 2: 10.0.0.0/22 by 256 to each of four addresses.
    const Deterministic map{addr(10, 0, 0, 0).value, 1024, 4, {1024, 65535}};
    EXPECT_EQ(map.ratio(), 256u);
    EXPECT_EQ(map.ports_each(), 252u);
    EXPECT_EQ(map.block_of(addr(10, 0, 0, 0).value), (PortBlock{0, {1024, 1275}}));
    EXPECT_EQ(map.block_of(addr(10, 0, 0, 255).value), (PortBlock{0, {65284, 65535}}));
    EXPECT_EQ(map.block_of(addr(10, 0, 1, 0).value), (PortBlock{1, {1024, 1275}}));
    EXPECT_EQ(map.internal_of(3, 65535), addr(10, 0, 3, 255).value);
}

TEST(Deterministic, HasNothingForWhoIsNoSubscriberAndNobodyForWhatIsLeft) {
    const Deterministic map{addr(10, 0, 0, 8).value, 5, 2, {1000, 1009}};  // three, two; 3 ports
    EXPECT_EQ(map.ports_each(), 3u);
    EXPECT_EQ(map.block_of(addr(10, 0, 0, 7).value), std::nullopt);
    EXPECT_EQ(map.block_of(addr(10, 0, 0, 13).value), std::nullopt);
    EXPECT_EQ(map.internal_of(0, 1009), std::nullopt) << "does not come out even";
    EXPECT_EQ(map.internal_of(1, 1006), std::nullopt) << "a sixth subscriber's";
    EXPECT_EQ(map.internal_of(2, 1000), std::nullopt);
    EXPECT_EQ(map.internal_of(0, 999), std::nullopt);
    EXPECT_EQ(map.internal_of(0, 1010), std::nullopt);
}

TEST(Deterministic, HasNoPortsIfThereAreNotEnoughForAll) {
    const Deterministic crowded{1, 100, 1, {1000, 1098}};
    EXPECT_EQ(crowded.ports_each(), 0u);
    EXPECT_EQ(crowded.block_of(1), std::nullopt);
    const Deterministic nowhere{1, 100, 0, {1000, 2000}};
    EXPECT_EQ(nowhere.block_of(1), std::nullopt);
    EXPECT_EQ(nowhere.internal_of(0, 1000), std::nullopt);
}

TEST(Deterministic, IsTurnedRoundByItsInverseForEveryPort) {
    for (const auto& [subscribers, externals, ports] :
         {std::tuple(1000u, 7u, PortRange{1024, 65535}), std::tuple(1u, 1u, PortRange{0, 65535}),
          std::tuple(64u, 64u, PortRange{1, 65535}), std::tuple(333u, 2u, PortRange{5000, 5999})}) {
        const Deterministic map{0x0a000000, subscribers, externals, ports};
        std::set<std::pair<uint32_t, uint16_t>> seen;
        for (uint32_t n = 0; n < subscribers; ++n) {
            const auto block = map.block_of(0x0a000000 + n);
            ASSERT_TRUE(block);
            for (uint32_t port = block->ports.first; port <= block->ports.last; ++port) {
                ASSERT_TRUE(seen.emplace(block->place, port).second) << "given twice";
                ASSERT_EQ(map.internal_of(block->place, static_cast<uint16_t>(port)),
                          0x0a000000 + n);
            }
        }
        for (uint32_t place = 0; place < externals; ++place) {
            for (uint32_t port = 0; port < 65536; port += 7) {
                const bool given = seen.contains({place, static_cast<uint16_t>(port)});
                ASSERT_EQ(map.internal_of(place, static_cast<uint16_t>(port)).has_value(), given);
            }
        }
    }
}

}  // namespace
}  // namespace sluice::nat
