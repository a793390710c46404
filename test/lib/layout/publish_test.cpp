// SPDX-License-Identifier: BSD-3-Clause
#include "lib/layout/publish.h"

#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lib/layout/regions.h"
#include "test/lib/layout/whole.h"
#include "test/lib/shm/processes.h"

namespace sluice::layout {
namespace {

using shm::Region;
using shm::WhenForeign;
using test::Child;
using test::fill_from;
using test::is_whole;
using test::Shared;
using test::wait_until;

constexpr uint64_t generations = 3000 / test::slowdown;
constexpr unsigned readers = 3;

void publish_generation(Intent& intent, uint64_t generation) {
    static const auto snapshot = std::make_unique<Snapshot>();
    fill_from(*snapshot, generation);
    publish(intent, *snapshot);
}

// Reads until the last generation was seen; true if each one was whole, none older than the one
// before, and none long in coming.
bool sees_whole_generations_grow(const Intent& intent, uint64_t last) {
    const auto copy = std::make_unique<Snapshot>();
    uint64_t newest = 0;
    bool well = true;
    const auto is_new_or_wrong = [&] {
        if (!copy_published(intent, *copy)) return false;
        well = is_whole(*copy) && copy->generation >= newest;
        return !well || copy->generation > newest;
    };
    while (newest < last) {
        if (!wait_until(is_new_or_wrong) || !well) return false;
        newest = copy->generation;
    }
    return true;
}

TEST(Publication, OfNothingYetGivesNothing) {
    const Shared<Intent> intent;
    const auto copy = std::make_unique<Snapshot>();
    EXPECT_FALSE(copy_published(*intent, *copy));
    EXPECT_EQ(published_generation(*intent), 0u);
}

TEST(Publication, GivesTheNewestSnapshotWhole) {
    const Shared<Intent> intent;
    const auto copy = std::make_unique<Snapshot>();
    for (uint64_t generation = 1; generation <= 2 * snapshot_slots; ++generation) {
        publish_generation(*intent, generation);
        EXPECT_EQ(published_generation(*intent), generation);
        ASSERT_TRUE(copy_published(*intent, *copy));
        EXPECT_EQ(copy->generation, generation);
        EXPECT_TRUE(is_whole(*copy));
    }
}

TEST(Publication, MaySkipGenerations) {
    const Shared<Intent> intent;
    const auto copy = std::make_unique<Snapshot>();
    for (const uint64_t generation : {1ul, 2ul, 1000ul, (1ul << 32) + 1, (1ul << 56) - 1}) {
        publish_generation(*intent, generation);
        ASSERT_TRUE(copy_published(*intent, *copy));
        EXPECT_EQ(copy->generation, generation);
    }
}

TEST(Publication, NeverWritesToThePublishedSlot) {
    const Shared<Intent> intent;
    publish_generation(*intent, 1);
    const uint64_t slot = intent->published & 0xff;
    const auto before = std::make_unique<Snapshot>(intent->snapshots[slot]);
    publish_generation(*intent, 2);
    publish_generation(*intent, 3);
    EXPECT_EQ(std::memcmp(before.get(), &intent->snapshots[slot], sizeof(Snapshot)), 0)
        << "a reader has until the generation after the next to copy it";
}

TEST(Publication, GivesReadersInThreadsOnlyWholeSnapshotsThatGrow) {
    const Shared<Intent> intent;
    std::vector<std::thread> threads;
    bool well[readers] = {};
    for (bool& mine : well) {
        threads.emplace_back(
            [&intent, &mine] { mine = sees_whole_generations_grow(*intent, generations); });
    }
    for (uint64_t g = 1; g <= generations; ++g) publish_generation(*intent, g);
    for (std::thread& thread : threads) thread.join();
    for (const bool mine : well) EXPECT_TRUE(mine);
}

TEST(Publication, GivesReadersInProcessesOnlyWholeSnapshotsThatGrow) {
    test::RunDirectory run;
    const Region region = Region::own(run.path(), intent_layout, WhenForeign::refuse);
    Shared<std::atomic<unsigned>> ready;
    std::vector<Child> children;
    for (unsigned i = 0; i < readers; ++i) {
        children.emplace_back([&] {
            const Region mine = Region::view(run.path(), intent_layout);
            ++*ready;
            return sees_whole_generations_grow(mine.as<const Intent>(), generations);
        });
    }
    ASSERT_TRUE(wait_until([&] { return *ready == readers; }));
    for (uint64_t g = 1; g <= generations; ++g) publish_generation(region.as<Intent>(), g);
    for (Child& child : children) EXPECT_TRUE(child.succeeded());
}

TEST(Publication, SurvivesWritersKilledAtAnyMoment) {
    test::RunDirectory run;
    Region::own(run.path(), intent_layout, WhenForeign::refuse);
    const Region reader = Region::view(run.path(), intent_layout);
    const Intent& intent = reader.as<const Intent>();
    const auto copy = std::make_unique<Snapshot>();
    std::mt19937 random(9);
    uint64_t newest = 0;
    for (unsigned round = 0; round < (test::slowdown > 1 ? 5 : 40); ++round) {
        Child writer([&] {
            const Region region = Region::own(run.path(), intent_layout, WhenForeign::refuse);
            auto& mine = region.as<Intent>();
            for (;;) publish_generation(mine, published_generation(mine) + 1);
            return false;
        });
        ASSERT_TRUE(wait_until([&] { return published_generation(intent) > newest + 3; }));
        ::usleep(random() % 500);
        writer.kill();
        ASSERT_TRUE(copy_published(intent, *copy)) << "what was published stays so";
        EXPECT_TRUE(is_whole(*copy));
        EXPECT_GT(copy->generation, newest);
        newest = copy->generation;
    }
}

TEST(Publication, HalfWrittenByADeadWriterIsSeenByNoneAndOverwrittenByTheNext) {
    test::RunDirectory run;
    Child killed([&] {
        const Region region = Region::own(run.path(), intent_layout, WhenForeign::refuse);
        auto& intent = region.as<Intent>();
        publish_generation(intent, 1);
        const auto next = std::make_unique<Snapshot>();
        fill_from(*next, 2);
        const uint64_t slot = ((intent.published & 0xff) + 1) % snapshot_slots;
        std::memcpy(&intent.snapshots[slot], next.get(), sizeof(Snapshot) / 2);
        ::raise(SIGKILL);
        return false;
    });
    ASSERT_TRUE(killed.was_killed());
    const auto copy = std::make_unique<Snapshot>();
    const Region reader = Region::view(run.path(), intent_layout);
    ASSERT_TRUE(copy_published(reader.as<const Intent>(), *copy));
    EXPECT_EQ(copy->generation, 1u);
    EXPECT_TRUE(is_whole(*copy));

    const Region next = Region::own(run.path(), intent_layout, WhenForeign::refuse);
    EXPECT_FALSE(next.fresh());
    publish_generation(next.as<Intent>(), 3);
    ASSERT_TRUE(copy_published(reader.as<const Intent>(), *copy));
    EXPECT_EQ(copy->generation, 3u);
    EXPECT_TRUE(is_whole(*copy));
}

TEST(Publication, WithAnyPublishedWordIsReadWithinTheSlots) {
    const Shared<Intent> intent;
    for (uint64_t slot = 0; slot < snapshot_slots; ++slot) {
        fill_from(intent->snapshots[slot], slot + 1);
    }
    std::vector<uint64_t> words{0xff,
                                0x100,
                                0x1ff,
                                0x1fe,
                                (2u << 8) | 1,
                                ~uint64_t{0},
                                ~uint64_t{0} - 1,
                                uint64_t{1} << 63,
                                uint64_t{3} << 8 | 2};
    for (uint64_t low = 1; low < 256 / test::slowdown; ++low) {
        words.push_back(low);
    }
    std::mt19937_64 random(4);
    for (unsigned i = 0; i < 200 / test::slowdown; ++i) {
        words.push_back(random());
    }
    const auto copy = std::make_unique<Snapshot>();
    for (const uint64_t word : words) {
        intent->published = word;
        const bool accepted = copy_published(*intent, *copy);
        EXPECT_EQ(accepted, copy->generation == word >> 8) << word;
        EXPECT_TRUE(is_whole(*copy)) << word << ": read from no slot";
        EXPECT_LE(copy->generation, snapshot_slots) << word;
    }
}

TEST(Publication, GoesOnFromAnyPublishedWord) {
    const Shared<Intent> intent;
    const auto copy = std::make_unique<Snapshot>();
    for (const uint64_t word : {uint64_t{0xff}, uint64_t{5} << 8 | 0xfe, uint64_t{7} << 8 | 3}) {
        intent->published = word;
        publish_generation(*intent, 10);
        ASSERT_TRUE(copy_published(*intent, *copy)) << word;
        EXPECT_EQ(copy->generation, 10u);
    }
}

}  // namespace
}  // namespace sluice::layout
