// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/blocks.h"

#include <map>
#include <random>
#include <thread>
#include <vector>

#include "test/lib/nat/fixture.h"

namespace sluice::nat {
namespace {

// Two addresses of five blocks of eight ports, and four ports left over.
constexpr BlockAllocator::Shape shape{{1024, 1067}, 8, 2};

struct Carrier {
    BlockAllocator::Result acquire(const Endpoint& internal, uint32_t most = 2,
                                   PortClass port_class = PortClass::udp) {
        return blocks.acquire(nat.mapper, {port_class, internal, 0, {}}, most, 1);
    }
    void release(MappingId id, uint32_t now = 1) {
        const Endpoint internal = nat.word(id).internal();
        nat.mapper.release(id, now);
        blocks.release(id, internal.address, now);
    }
    void sweep_all(uint32_t now = 1, uint32_t rest = 0) {
        for (unsigned n = 0; n < 2; ++n) blocks.sweep(now, rest);
    }

    SmallNat nat;
    BlockAllocator blocks{shape};
};

Endpoint port_of(uint32_t subscriber, uint32_t n) {
    return host(subscriber, static_cast<uint16_t>(3000 + n));
}

TEST(BlockAllocator, GivesASubscriberOneBlockAfterAnotherUpToTheLimit) {
    Carrier carrier;
    std::map<uint16_t, unsigned> ports_in;  // by the block's first port
    unsigned blocks = 0;
    for (uint32_t n = 0; n < 16; ++n) {
        const auto got = carrier.acquire(port_of(1, n));
        ASSERT_EQ(got.mapping.got, Got::made);
        EXPECT_EQ(got.new_block, n % 8 == 0);
        blocks += got.new_block;
        const PortRange range = carrier.blocks.range_of(got.mapping.id);
        EXPECT_EQ((range.first - 1024) % 8, 0);
        EXPECT_EQ(range.last - range.first, 7);
        ++ports_in[range.first];
    }
    EXPECT_EQ(blocks, 2u);
    EXPECT_EQ(ports_in.size(), 2u);
    EXPECT_EQ(ports_in.begin()->second, 8u);
    const auto beyond = carrier.acquire(port_of(1, 16));
    EXPECT_EQ(beyond.mapping.got, Got::at_limit);
    EXPECT_EQ(carrier.blocks.free_blocks(), 8u);
}

TEST(BlockAllocator, UsesOneBlockForAllClasses) {
    Carrier carrier;
    const auto udp = carrier.acquire(port_of(1, 0), 1, PortClass::udp);
    const auto tcp = carrier.acquire(port_of(1, 0), 1, PortClass::tcp);
    EXPECT_FALSE(tcp.new_block);
    EXPECT_EQ(carrier.blocks.range_of(tcp.mapping.id), carrier.blocks.range_of(udp.mapping.id));
}

TEST(BlockAllocator, GivesNoTwoSubscribersOneBlock) {
    Carrier carrier;
    std::map<uint16_t, uint32_t> owner;
    for (uint32_t subscriber = 0; subscriber < 5; ++subscriber) {
        const auto got = carrier.acquire(port_of(subscriber, 0));
        ASSERT_TRUE(got.new_block);
        EXPECT_TRUE(
            owner.emplace(carrier.blocks.range_of(got.mapping.id).first, subscriber).second);
    }
    const auto sixth = carrier.acquire(port_of(5, 0));
    EXPECT_EQ(sixth.mapping.got, Got::no_port) << "and the other address's are not touched";
    EXPECT_EQ(carrier.blocks.free_blocks(), 5u);
}

TEST(BlockAllocator, TakesABlockAwayOnlyWhenNoSessionUsesIt) {
    Carrier carrier;
    const auto first = carrier.acquire(port_of(1, 0));
    const auto again = carrier.acquire(port_of(1, 0));
    EXPECT_EQ(again.mapping.got, Got::existing);
    EXPECT_FALSE(again.new_block);
    carrier.release(first.mapping.id);
    carrier.sweep_all();
    EXPECT_EQ(carrier.blocks.free_blocks(), 9u);
    carrier.release(first.mapping.id);
    EXPECT_FALSE(carrier.acquire(port_of(1, 1)).new_block) << "his until the sweep";
    carrier.release(carrier.acquire(port_of(1, 1)).mapping.id);
    carrier.release(carrier.nat.mappings.find_external(PortClass::udp, port_of(1, 1), 0));
    carrier.sweep_all();
    EXPECT_EQ(carrier.blocks.free_blocks(), 10u);
    EXPECT_EQ(what_is_wrong_with(carrier.nat.mappings), "");
}

TEST(BlockAllocator, LetsABlockRestWithItsSubscriberAsItsPortsDo) {
    Carrier carrier;
    const auto got = carrier.acquire(port_of(1, 0));
    carrier.release(got.mapping.id, 100);
    carrier.sweep_all(219, 120);
    EXPECT_EQ(carrier.blocks.free_blocks(), 9u);
    EXPECT_FALSE(carrier.acquire(port_of(1, 1)).new_block) << "his still";
    carrier.release(carrier.nat.mappings.find_external(PortClass::udp, port_of(1, 1), 0), 219);
    carrier.sweep_all(338, 120);
    EXPECT_EQ(carrier.blocks.free_blocks(), 9u);
    carrier.sweep_all(339, 120);
    EXPECT_EQ(carrier.blocks.free_blocks(), 10u);
}

TEST(BlockAllocator, LetsASessionJoinAMappingAndSoHoldItsBlock) {
    Carrier carrier;
    const MappingId id = carrier.acquire(port_of(1, 0)).mapping.id;
    const auto joined = carrier.blocks.join(carrier.nat.mapper, id, port_of(1, 0), 1);
    EXPECT_EQ(joined.mapping.got, Got::existing);
    EXPECT_TRUE(joined.holds_block);
    carrier.release(id);
    carrier.sweep_all();
    EXPECT_TRUE(carrier.blocks.is_held_by(id, host(1).address)) << "by the one that joined";
    EXPECT_FALSE(carrier.blocks.join(carrier.nat.mapper, id, port_of(1, 1), 1).holds_block);
}

TEST(BlockAllocator, LeavesAMappingThatIsOlderThanTheBlocksWhereItIs) {
    Carrier carrier;
    const Acquired old = carrier.nat.mapper.acquire(udp(port_of(1, 0), {9000, 9000}));
    const auto got = carrier.acquire(port_of(1, 0));
    EXPECT_EQ(got.mapping.id, old.id);
    EXPECT_FALSE(got.holds_block);
    EXPECT_TRUE(carrier.acquire(port_of(1, 1)).holds_block);
}

TEST(BlockAllocator, RefusesAShapeWithoutABlock) {
    EXPECT_THROW(BlockAllocator({{1024, 1030}, 8, 1}), std::invalid_argument);
    EXPECT_THROW(BlockAllocator({{1024, 65535}, 0, 1}), std::invalid_argument);
    EXPECT_THROW(BlockAllocator({{1024, 65535}, 8, 0}), std::invalid_argument);
    EXPECT_THROW(BlockAllocator({{1024, 1000}, 8, 1}), std::invalid_argument);
}

TEST(BlockAllocator, IsMadeAnewFromTheSessionsThatLive) {
    Carrier carrier;
    std::vector<std::pair<MappingId, Endpoint>> sessions;
    for (uint32_t n = 0; n < 20; ++n) {
        const Endpoint internal = port_of(n % 2, n);
        sessions.emplace_back(carrier.acquire(internal).mapping.id, internal);
    }
    BlockAllocator next(shape);
    for (const auto& [id, internal] : sessions) EXPECT_TRUE(next.adopt(id, internal));
    EXPECT_EQ(next.free_blocks(), carrier.blocks.free_blocks());
    EXPECT_FALSE(next.adopt(sessions[0].first, host(9))) << "another's block";
    EXPECT_FALSE(next.adopt(MappingId(PortClass::udp, 0, 1065), host(9))) << "no block's port";
    EXPECT_FALSE(next.adopt(MappingId(PortClass::udp, 2, 1030), host(9))) << "no such address";
    next.release(sessions[0].first, host(9).address, 1);
    EXPECT_TRUE(next.is_held_by(sessions[0].first, sessions[0].second.address))
        << "never the other's";
    for (const auto& [id, internal] : sessions) next.release(id, internal.address, 1);
    for (unsigned n = 0; n < 2; ++n) next.sweep(1, 0);
    EXPECT_EQ(next.free_blocks(), 10u);
}

TEST(BlockAllocator, KeepsSubscribersApartWhenWorkersMeet) {
    Carrier carrier;
    std::atomic<unsigned> wrong = 0, made = 0;
    const auto work = [&](unsigned seed) {
        Mapper mapper(carrier.nat.mappings, no_quarantine);
        std::mt19937 random(seed);
        std::vector<std::pair<MappingId, Endpoint>> held;
        for (unsigned n = 0; n < 100'000 / test::slowdown; ++n) {
            if (held.size() < 12 && random() % 2 == 0) {
                const Endpoint internal = port_of(random() % 7, random() % 12);
                const auto got =
                    carrier.blocks.acquire(mapper, {PortClass::udp, internal, 0, {}}, 2, 1);
                wrong += got.mapping.ok() != got.holds_block;
                if (got.mapping.ok()) held.emplace_back(got.mapping.id, internal);
                made += got.new_block;
            } else if (!held.empty()) {
                const auto [id, internal] = held.back();
                held.pop_back();
                wrong += carrier.nat.word(id).internal() != internal;
                wrong += !carrier.blocks.is_held_by(id, internal.address);
                mapper.release(id, 1);
                carrier.blocks.release(id, internal.address, 1);
            }
            if (seed == 0) carrier.blocks.sweep(1, 0);
        }
        for (const auto& [id, internal] : held) {
            mapper.release(id, 1);
            carrier.blocks.release(id, internal.address, 1);
        }
        mapper.tick(2);
    };
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 3; ++t) threads.emplace_back(work, t);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0u);
    EXPECT_GT(made, 5u) << "blocks did not change hands";
    carrier.sweep_all();
    EXPECT_EQ(carrier.blocks.free_blocks(), 10u);
    EXPECT_EQ(what_is_wrong_with(carrier.nat.mappings), "");
}

}  // namespace
}  // namespace sluice::nat
