// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/deterministic.h"

#include <set>

#include <gtest/gtest.h>

#include "lib/net/address.h"

namespace sluice::nat {
namespace {

constexpr uint32_t ten(uint8_t c, uint8_t d) { return net::addr(10, 0, c, d).value; }

TEST(Deterministic, SharesAnAddressEvenlyInSequence) {
    // As in RFC 7422 section 2: 10.0.0.0/22 by 256 to each of four addresses.
    const NatRange subscribers[] = {{ten(0, 0), ten(3, 255)}};
    EXPECT_EQ(Deterministic::ratio(1024, 4), 256u);
    EXPECT_EQ(Deterministic::most_ports_each(1024, 4, {1024, 65535}), 252u);
    const Deterministic map{subscribers, 4, {1024, 65535}, 252};
    EXPECT_EQ(map.block_of(ten(0, 0)), (PortBlock{0, {1024, 1275}}));
    EXPECT_EQ(map.block_of(ten(0, 255)), (PortBlock{0, {65284, 65535}}));
    EXPECT_EQ(map.block_of(ten(1, 0)), (PortBlock{1, {1024, 1275}}));
    EXPECT_EQ(map.internal_of(3, 65535), ten(3, 255));
}

TEST(Deterministic, GivesEachFewerPortsWhereFewerAreWished) {
    const NatRange subscribers[] = {{ten(0, 0), ten(3, 255)}};
    const Deterministic map{subscribers, 4, {1024, 65535}, 100};
    EXPECT_EQ(map.block_of(ten(0, 1)), (PortBlock{0, {1124, 1223}}));
    EXPECT_EQ(map.block_of(ten(1, 0)), (PortBlock{1, {1024, 1123}})) << "the ratio stays";
    EXPECT_EQ(map.internal_of(0, 1024 + 256 * 100 - 1), ten(0, 255));
    EXPECT_EQ(map.internal_of(0, 1024 + 256 * 100), std::nullopt) << "nobody's";
}

TEST(Deterministic, CountsSubscribersThroughTheirRanges) {
    const NatRange apart[] = {{ten(9, 0), ten(9, 2)}, {ten(1, 0), ten(1, 4)}};
    const Deterministic map{apart, 2, {1000, 1999}, 250};  // four to each
    EXPECT_EQ(map.block_of(ten(9, 2)), (PortBlock{0, {1500, 1749}}));
    EXPECT_EQ(map.block_of(ten(1, 0)), (PortBlock{0, {1750, 1999}}));
    EXPECT_EQ(map.block_of(ten(1, 1)), (PortBlock{1, {1000, 1249}}));
    EXPECT_EQ(map.internal_of(1, 1999), ten(1, 4));
}

TEST(Deterministic, HasNothingForWhoIsNoSubscriberAndNobodyForWhatIsLeft) {
    const NatRange five[] = {{ten(0, 8), ten(0, 12)}};
    const Deterministic map{five, 2, {1000, 1009}, 3};  // three, and two
    EXPECT_EQ(map.ports_each(), 3u);
    EXPECT_EQ(map.block_of(ten(0, 7)), std::nullopt);
    EXPECT_EQ(map.block_of(ten(0, 13)), std::nullopt);
    EXPECT_EQ(map.internal_of(0, 1009), std::nullopt) << "does not come out even";
    EXPECT_EQ(map.internal_of(1, 1006), std::nullopt) << "a sixth subscriber's";
    EXPECT_EQ(map.internal_of(2, 1000), std::nullopt);
    EXPECT_EQ(map.internal_of(0, 999), std::nullopt);
    EXPECT_EQ(map.internal_of(0, 1010), std::nullopt);
}

TEST(Deterministic, HasNoPortsIfThereAreNotEnoughForAll) {
    const NatRange hundred[] = {{1, 100}};
    EXPECT_EQ(Deterministic::most_ports_each(100, 1, {1000, 1098}), 0u);
    const Deterministic crowded{hundred, 1, {1000, 1098}, 1};
    EXPECT_EQ(crowded.ports_each(), 0u);
    EXPECT_EQ(crowded.block_of(1), std::nullopt);
    const Deterministic nowhere{hundred, 0, {1000, 2000}, 1};
    EXPECT_EQ(nowhere.block_of(1), std::nullopt);
    EXPECT_EQ(nowhere.internal_of(0, 1000), std::nullopt);
}

TEST(Deterministic, IsTurnedRoundByItsInverseForEveryPort) {
    for (const auto& [subscribers, externals, ports] :
         {std::tuple(1000u, 7u, PortRange{1024, 65535}), std::tuple(1u, 1u, PortRange{0, 65535}),
          std::tuple(64u, 64u, PortRange{1, 65535}), std::tuple(333u, 2u, PortRange{5000, 5999})}) {
        const NatRange all[] = {{0x0a000000, 0x0a000000 + subscribers - 1}};
        const uint32_t most = Deterministic::most_ports_each(subscribers, externals, ports);
        for (const uint32_t each : {most, (most + 1) / 2}) {
            const Deterministic map{all, externals, ports, each};
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
                    ASSERT_EQ(map.internal_of(place, static_cast<uint16_t>(port)).has_value(),
                              given);
                }
            }
        }
    }
}

TEST(AddressesOfRanges, AreCountedOneRangeAfterTheOther) {
    const NatRange ranges[] = {{10, 12}, {5, 5}, {0, 0xffffffff}};
    EXPECT_EQ(count_of(ranges), 4 + (uint64_t{1} << 32));
    EXPECT_EQ(place_in(ranges, 5), 3u);
    EXPECT_EQ(address_at(ranges, 2), 12u);
    EXPECT_EQ(address_at(ranges, 4), 0u);
    EXPECT_EQ(address_at(std::span(ranges).first(2), 4), std::nullopt);
}

}  // namespace
}  // namespace sluice::nat
