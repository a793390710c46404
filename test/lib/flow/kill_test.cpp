// SPDX-License-Identifier: BSD-3-Clause
// Processes that are killed while their workers make and end sessions.
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "test/lib/flow/fixture.h"

namespace sluice::flow {
namespace {

constexpr uint32_t sessions = 600;
constexpr uint32_t numbers = 900;  // sessions that may be; more than there are places
constexpr unsigned killed_workers = 2;
constexpr unsigned kills = 150;

// What each worker told of each session before and after it did something; shared with the judge.
// Numbers belong to workers: the first half to one, the second to the other.
enum class Told : uint32_t { absent, unsure, present };
struct Diary {
    std::atomic<Told> told[numbers];
    std::atomic<uint64_t> operations;
    std::atomic<uint64_t> quiescent[killed_workers];
};

void work(Table& table, unsigned worker, Diary& diary, unsigned seed) {
    Writer writer(table, worker, killed_workers, short_timeouts);
    std::mt19937 random(seed * killed_workers + worker);
    std::array<uint64_t, killed_workers> noted{};
    bool waiting = false;
    for (;;) {
        const auto n = static_cast<uint32_t>(worker * numbers / killed_workers +
                                             random() % (numbers / killed_workers));
        const bool was_present = diary.told[n] == Told::present;
        diary.told[n] = Told::unsure;
        bool present = was_present;
        if (was_present) {
            const Flow flow = table.index().find(numbered(n).inbound);
            if (flow.exists() && writer.remove(flow.place(), 1) == Status::ok) present = false;
        } else if (writer.insert(numbered(n), 1).status == Status::ok) {
            present = true;
        }
        diary.told[n] = present ? Told::present : Told::absent;
        diary.operations.fetch_add(1, std::memory_order_relaxed);

        diary.quiescent[worker].fetch_add(1);
        writer.expire(1, {});
        if (!waiting && writer.begin_grace_period()) {
            for (unsigned w = 0; w < killed_workers; ++w)
                noted[w] = diary.quiescent[w].fetch_add(0);
            waiting = true;
        }
        bool passed = waiting;
        for (unsigned w = 0; w < killed_workers; ++w) passed &= diary.quiescent[w] != noted[w];
        if (passed) {
            writer.end_grace_period();
            waiting = false;
        }
    }
}

TEST(Kill, AtAnyMomentLosesNoSessionThatWasMadeAndLeavesNothingHalf) {
    Memory memory(Table::bytes_for(sessions));
    test::Shared<Diary> diary;
    std::mt19937 random(9);
    uint64_t half_made = 0, half_removed = 0;
    for (unsigned kill = 0; kill < kills; ++kill) {
        const uint64_t before = diary->operations;
        test::Child child([&]() -> bool {
            Table table(memory.bytes(), sessions);
            table.adopt(1);
            std::thread other([&] { work(table, 1, *diary, kill); });
            work(table, 0, *diary, kill);
            return false;
        });
        ASSERT_TRUE(test::wait_until([&] { return diary->operations > before + 200; }));
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
        child.kill();

        Table table(memory.bytes(), sessions);
        const auto adopted = table.adopt(1);
        half_made += adopted.half_made;
        half_removed += adopted.half_removed;
        ASSERT_EQ(adopted.refused, 0u);
        ASSERT_EQ(what_is_wrong_with(table), "") << "after kill " << kill;
        for (uint32_t n = 0; n < numbers; ++n) {
            const Flow out = table.index().find(numbered(n).outbound);
            const Flow in = table.index().find(numbered(n).inbound);
            ASSERT_EQ(out.exists(), in.exists());
            switch (diary->told[n]) {
                case Told::present:
                    ASSERT_TRUE(out.exists()) << n << " is lost, after kill " << kill;
                    break;
                case Told::absent:
                    ASSERT_FALSE(out.exists()) << n << " is back, after kill " << kill;
                    break;
                case Told::unsure: diary->told[n] = out.exists() ? Told::present : Told::absent;
            }
        }
    }
    RecordProperty("half_made", std::to_string(half_made));
    RecordProperty("half_removed", std::to_string(half_removed));
    EXPECT_GT(half_made + half_removed, 0u) << "no kill struck within a change";
}

}  // namespace
}  // namespace sluice::flow
