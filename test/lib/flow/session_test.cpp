// SPDX-License-Identifier: BSD-3-Clause
#include <random>

#include "lib/net/wire.h"
#include "test/lib/flow/fixture.h"

namespace sluice::flow {
namespace {

// Words at the carries, and others.
uint16_t random_word(std::mt19937& random) {
    constexpr uint16_t edges[] = {0x0000, 0x0001, 0x7fff, 0x8000, 0xfffe, 0xffff};
    return random() % 2 ? edges[random() % 6] : static_cast<uint16_t>(random());
}

FlowKey random_key(std::mt19937& random) {
    FlowKey key{};
    key.source = net::be32(uint32_t{random_word(random)} << 16 | random_word(random));
    key.destination = net::be32(uint32_t{random_word(random)} << 16 | random_word(random));
    key.source_port = net::be16(random_word(random));
    key.destination_port = net::be16(random_word(random));
    return key;
}

// A packet as a checksum sees it: the addresses, the ports where they count, and the rest.
net::Be16 checksum(const FlowKey& key, size_t covered, uint16_t rest) {
    return net::checksum_of(net::sum_words(&key, covered) + rest);
}

FlowKey turned_round(const FlowKey& key) {
    FlowKey turned = key;
    std::swap(turned.source, turned.destination);
    std::swap(turned.source_port, turned.destination_port);
    return turned;
}

TEST(FlowKey, MadeInWordsIsAsMadeByFields) {
    std::mt19937 random(1);
    for (int i = 0; i < 1000; ++i) {
        const FlowKey key = random_key(random), other = random_key(random);
        EXPECT_EQ(turned(key), turned_round(key));
        FlowKey from_other = key;
        from_other.source = other.source;
        from_other.source_port = other.source_port;
        EXPECT_EQ(with_source(key, other.source, other.source_port), from_other);
    }
}

TEST(Session, DeltasMakeTheChecksumThatAPacketSummedAnewWouldHaveAtEveryCarry) {
    std::mt19937 random(1);
    for (int i = 0; i < 200'000; ++i) {
        Session session{};
        session.facts.keys[0] = random_key(random);
        session.facts.keys[1] = random_key(random);
        const Deltas deltas = deltas_of(session.facts.keys[0], session.facts.keys[1]);
        session.facts.network_delta = deltas.network;
        session.facts.transport_delta = deltas.transport;
        // No header sums to zero: version and protocol are not.
        const auto rest = static_cast<uint16_t>(random_word(random) | 1);
        for (const Direction way : {Direction::outbound, Direction::inbound}) {
            const FlowKey& before = session.key(way);
            const FlowKey after = turned_round(session.other_key(way));
            ASSERT_EQ(add_delta(checksum(before, 8, rest), session.network_delta(way)),
                      checksum(after, 8, rest));
            ASSERT_EQ(add_delta(checksum(before, 12, rest), session.transport_delta(way)),
                      checksum(after, 12, rest));
        }
    }
}

TEST(Session, IsWrittenAtMostOnceATick) {
    Session session{};
    session.touch(7);
    EXPECT_EQ(session.last_seen.load(), 7u);
    // A page that may not be written to shows that the second touch stores nothing.
    Memory memory(4096);
    auto& fixed = *reinterpret_cast<Session*>(memory.bytes().data());
    fixed.touch(7);
    ASSERT_EQ(::mprotect(memory.bytes().data(), 4096, PROT_READ), 0);
    fixed.touch(7);
    EXPECT_EQ(fixed.last_seen.load(), 7u);
}

TEST(Session, IsCopiedOnlyWhileItIsLive) {
    SmallTable small(4);
    const auto [status, flow] = small.writer->insert(numbered(3, 1), 5);
    ASSERT_EQ(status, Status::ok);
    const auto sessions = Table::sessions_in(small.memory.bytes());
    ASSERT_EQ(sessions.size(), 4u);
    SessionCopy copy;
    ASSERT_TRUE(copy_live(copy, sessions[flow.place()]));
    EXPECT_EQ(copy.facts.mapping, 3u);
    EXPECT_EQ(copy.facts.created, 5u);
    EXPECT_EQ(copy.state, 1u);
    ASSERT_EQ(small.writer->remove(flow.place(), 6), Status::ok);
    EXPECT_FALSE(copy_live(copy, sessions[flow.place()]));
}

TEST(Bucket, FindsTheSameSlotsWithAndWithoutVectors) {
    std::mt19937 random(2);
    Bucket bucket{};
    for (int i = 0; i < 10'000; ++i) {
        bucket.control = static_cast<uint32_t>(random() % 4 * 0x00010001);
        for (auto& tag : bucket.tags) tag = static_cast<Tag>(random() % 4);
        for (auto& value : bucket.values) value = static_cast<uint32_t>(random() % 4 * 0x00010001);
        for (Tag tag = 0; tag < 4; ++tag) {
            ASSERT_EQ(bucket.matches(tag), bucket.matches_plain(tag));
        }
    }
}

TEST(LookingTimes, AreDueWithAndWithoutVectorsAlsoWhereTicksWrap) {
    std::mt19937 random(3);
    alignas(64) LookAt looks[64];
    for (const uint32_t now : {1u, 1000u, 0x7ffffff0u, 0x80000010u, 0xfffffff0u}) {
        for (int i = 0; i < 1000; ++i) {
            for (auto& look : looks) {
                look = random() % 4 == 0 ? 0 : now - 20 + static_cast<uint32_t>(random() % 40);
            }
            const uint64_t due = due_of_64(looks, now);
            ASSERT_EQ(due, due_of_64_plain(looks, now));
            for (unsigned j = 0; j < 64; ++j) {
                const bool expected = looks[j] != 0 && now - looks[j] < 40;
                ASSERT_EQ(due >> j & 1, uint64_t{expected});
            }
        }
    }
}

}  // namespace
}  // namespace sluice::flow
