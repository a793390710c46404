// SPDX-License-Identifier: BSD-3-Clause
#include <random>
#include <unordered_map>

#include "test/lib/flow/fixture.h"

namespace sluice::flow {
namespace {

TEST(Table, TakesExactlyAsManySessionsAsItWasMadeForAndFindsThemAll) {
    for (const uint32_t n :
         {1u, 2u, 3u, 10u, 64u, 100u, 1000u, 65'536u, 400'000u / test::slowdown}) {
        SmallTable small(n);
        for (uint32_t i = 0; i < n; ++i) {
            ASSERT_EQ(small.writer->insert(numbered(i), 1).status, Status::ok) << i << " of " << n;
        }
        EXPECT_EQ(small.writer->insert(numbered(n), 1).status, Status::full);
        EXPECT_EQ(what_is_wrong_with(small.table), "") << n;
    }
}

TEST(Table, StaysUsableToTheLastPlaceWhileSessionsComeAndGo) {
    constexpr uint32_t n = 50'000 / test::slowdown;
    SmallTable small(n);
    std::vector<uint32_t> places;
    uint32_t next = 0;
    while (places.size() < n) {
        places.push_back(small.writer->insert(numbered(next++), 1).flow.place());
    }
    std::mt19937 random(5);
    for (unsigned round = 0; round < 200; ++round) {
        for (unsigned i = 0; i < std::min(n / 2, 1000u); ++i) {
            std::swap(places[random() % places.size()], places.back());
            ASSERT_EQ(small.writer->remove(places.back(), 1), Status::ok);
            places.pop_back();
        }
        small.pass_grace_period();
        while (places.size() < n) {
            const auto [status, flow] = small.writer->insert(numbered(next++), 1);
            ASSERT_EQ(status, Status::ok);
            places.push_back(flow.place());
        }
        ASSERT_EQ(small.writer->insert(numbered(next), 1).status, Status::full);
    }
    EXPECT_EQ(what_is_wrong_with(small.table), "");
}

struct KeyHash {
    size_t operator()(const FlowKey& key) const { return hash_of(key, {{1, 2, 3, 5}}); }
};

// Half of the keys clash with others: 300 outbound ones and 300 inbound ones, in any pairs.
NewSession any_session(std::mt19937& random) {
    NewSession session = numbered(static_cast<uint32_t>(random() % 300));
    session.inbound = numbered(static_cast<uint32_t>(random() % 300)).inbound;
    return session;
}

TEST(Table, AgreesWithAPlainMapOverAMillionRandomOperations) {
    SmallTable small(200);
    std::unordered_map<FlowKey, Flow, KeyHash> model;
    std::mt19937 random(6);
    for (unsigned i = 0; i < 1'000'000 / test::slowdown; ++i) {
        const NewSession session = any_session(random);
        if (random() % 2 == 0) {
            const auto [status, flow] = small.writer->insert(session, 1);
            if (const auto out = model.find(session.outbound); out != model.end()) {
                ASSERT_EQ(status, model.size() == 400 ? Status::full : Status::exists);
            } else if (const auto in = model.find(session.inbound); in != model.end()) {
                ASSERT_TRUE(status == Status::taken || status == Status::full);
            } else if (status == Status::full) {
                ASSERT_EQ(model.size() / 2 + small.writer->retired(), 200u);
            } else {
                ASSERT_EQ(status, Status::ok);
                model[session.outbound] = flow;
                model[session.inbound] = Flow(flow.place(), Direction::inbound);
            }
        } else if (const auto at = model.find(session.outbound); at != model.end()) {
            const FlowKey inbound = small.table.session(at->second.place()).facts.keys[1];
            ASSERT_EQ(small.writer->remove(at->second.place(), 1), Status::ok);
            model.erase(at);
            ASSERT_EQ(model.erase(inbound), 1u);
        }
        for (const FlowKey& key : {session.outbound, session.inbound}) {
            const auto expected = model.find(key);
            ASSERT_EQ(small.find(key), expected == model.end() ? Flow{} : expected->second);
        }
        if (small.writer->retired() > 20) small.pass_grace_period();
    }
    small.pass_grace_period();
    EXPECT_EQ(what_is_wrong_with(small.table), "");
}

TEST(Table, RefusesMemoryThatWasMadeForAnotherNumberOfSessions) {
    Memory memory(Table::bytes_for(100));
    Table(memory.bytes(), 100).adopt(1);
    EXPECT_NO_THROW(Table(memory.bytes(), 100));
    EXPECT_THROW(Table(memory.bytes(), 99), std::invalid_argument);
    EXPECT_THROW(Table(memory.bytes(), 0), std::invalid_argument);
    EXPECT_THROW(Table(memory.bytes().first(64), 100), std::invalid_argument);
}

TEST(Table, AfterDeathKeepsWhatIsLiveAndDropsWhatIsHalfMadeOrHalfRemoved) {
    constexpr uint32_t n = 1000;
    SmallTable small(n);
    for (uint32_t i = 0; i < n; ++i) small.writer->insert(numbered(i), 1);
    const auto leave = [&](uint32_t place, Condition condition) {
        small.table.session(place).commit = Session::commit_word(9, condition);
    };
    leave(3, Condition::making);
    leave(4, Condition::ending);
    leave(5, Condition::unfinished);
    leave(6, Condition::free);
    leave(7, static_cast<Condition>(77));
    small.table.session(8).facts.keys[0] = small.table.session(9).facts.keys[1];
    const FlowKey only_of_8 = small.table.session(8).facts.keys[1];

    Table next(small.memory.bytes(), n);
    const auto adopted = next.adopt(50);
    EXPECT_EQ(adopted.kept, n - 6);
    EXPECT_EQ(adopted.half_made, 1u);
    EXPECT_EQ(adopted.half_removed, 2u);
    EXPECT_EQ(adopted.refused, 2u);
    EXPECT_EQ(what_is_wrong_with(next), "");
    // One of the two with a key in common stays.
    EXPECT_TRUE(next.index().find(only_of_8).exists() != next.session(9).is_live());
    EXPECT_EQ(next.index().find(numbered(500).inbound).direction(), Direction::inbound);
}

TEST(Table, StaysInItsMemoryWhateverThatHolds) {
    constexpr uint32_t n = 300;
    std::mt19937 random(7);
    for (unsigned round = 0; round < 2000 / test::slowdown + 1; ++round) {
        SmallTable small(n);
        for (uint32_t i = 0; i < 150; ++i) small.writer->insert(numbered(i), 1);
        const auto bytes = small.memory.bytes();
        const size_t begin = sizeof(TableHeader);
        for (unsigned i = 0; i < 1u << round % 14; ++i) {
            bytes[begin + random() % (bytes.size() - begin)] = static_cast<std::byte>(random());
        }
        // Readers, on the index as it is.
        std::vector<FlowKey> keys;
        for (uint32_t i = 0; i < 64; ++i) keys.push_back(numbered(i * 3).inbound);
        std::vector<uint64_t> hashes(64);
        std::vector<Flow> found(64);
        small.table.index().prepare(keys.data(), hashes.data(), 64);
        small.table.index().find_bulk(keys.data(), hashes.data(), found.data(), 64);
        for (uint32_t i = 0; i < 64; ++i) {
            if (!found[i].exists()) continue;
            ASSERT_LT(found[i].place(), n);
            ASSERT_EQ(small.table.session(found[i].place()).key(found[i].direction()), keys[i]);
        }
        // The next process, on the sessions as they are.
        Table next(bytes, n);
        next.adopt(1);
        ASSERT_EQ(what_is_wrong_with(next), "");
    }
}

TEST(Table, GivesOtherProcessesNoMoreSessionsThanTheirMemoryHolds) {
    Memory memory(Table::bytes_for(100));
    EXPECT_TRUE(Table::sessions_in(memory.bytes()).empty());
    reinterpret_cast<TableHeader*>(memory.bytes().data())->capacity = 0xffffffff;
    const auto sessions = Table::sessions_in(memory.bytes());
    EXPECT_LE(sessions.size() * sizeof(Session), memory.bytes().size());
    EXPECT_TRUE(Table::sessions_in(memory.bytes().first(63)).empty());
}

}  // namespace
}  // namespace sluice::flow
