// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lib/layout/counter.h"
#include "test/lib/layout/whole.h"
#include "test/lib/shm/processes.h"

namespace sluice::layout {
namespace {

using test::Child;
using test::fill_from;
using test::is_whole;
using test::number_of;
using test::Shared;
using test::wait_until;

constexpr uint64_t writes = 200'000 / test::slowdown;
constexpr unsigned sequence_readers = 3;

using Guarded = test::Block<64>;
struct Memory {
    Sequence sequence;
    uint32_t reserved;
    Guarded block;

    void write(uint64_t number) {
        Guarded value;
        fill_from(value, number);
        sequence.write(block, value);
    }
    void set_raw(uint32_t value) { std::memcpy(static_cast<void*>(&sequence), &value, 4); }
};

bool sees_whole_blocks_grow(const Memory& memory, uint64_t last) {
    Guarded copy;
    uint64_t newest = 0;
    bool well = true;
    const bool ended = wait_until([&] {
        if (!memory.sequence.read(copy, memory.block)) return false;
        if (number_of(copy) == 0 && newest == 0) return false;  // zeros until the first write
        well = is_whole(copy) && number_of(copy) >= newest;
        newest = number_of(copy);
        return !well || newest == last;
    });
    return well && ended;
}

TEST(Sequence, GivesBackWhatWasWritten) {
    const Shared<Memory> memory;
    Guarded copy;
    for (uint64_t number = 1; number < 10; ++number) {
        memory->write(number);
        ASSERT_TRUE(memory->sequence.read(copy, memory->block));
        EXPECT_EQ(number_of(copy), number);
        EXPECT_EQ(memory->sequence.value(), 2 * number);
    }
}

TEST(Sequence, GivesReadersInThreadsOnlyWholeBlocksThatGrow) {
    const Shared<Memory> memory;
    std::vector<std::thread> threads;
    bool well[sequence_readers] = {};
    for (bool& mine : well) {
        threads.emplace_back([&memory, &mine] { mine = sees_whole_blocks_grow(*memory, writes); });
    }
    for (uint64_t number = 1; number <= writes; ++number) memory->write(number);
    for (std::thread& thread : threads) thread.join();
    for (const bool mine : well) EXPECT_TRUE(mine);
}

TEST(Sequence, GivesReadersInProcessesOnlyWholeBlocksThatGrow) {
    const Shared<Memory> memory;
    std::vector<Child> children;
    for (unsigned i = 0; i < sequence_readers; ++i) {
        children.emplace_back([&] { return sees_whole_blocks_grow(*memory, writes); });
    }
    for (uint64_t number = 1; number <= writes; ++number) memory->write(number);
    for (Child& child : children) EXPECT_TRUE(child.succeeded());
}

TEST(Sequence, LeftOddByADeadWriterIsRefusedUntilTheNextOneWrites) {
    const Shared<Memory> memory;
    memory->write(1);
    memory->set_raw(7);
    Guarded copy;
    EXPECT_FALSE(memory->sequence.read(copy, memory->block));
    memory->write(2);
    EXPECT_EQ(memory->sequence.value(), 8u);
    ASSERT_TRUE(memory->sequence.read(copy, memory->block));
    EXPECT_EQ(number_of(copy), 2u);
}

TEST(Sequence, SurvivesWritersKilledAtAnyMoment) {
    const Shared<Memory> memory;
    std::mt19937 random(5);
    Guarded copy;
    unsigned caught_in_the_middle = 0;
    for (unsigned round = 0; round < 40; ++round) {
        const uint32_t before = memory->sequence.value();
        Child writer([&] {
            for (uint64_t number = 1;; ++number) memory->write(number);
            return false;
        });
        ASSERT_TRUE(wait_until([&] { return memory->sequence.value() > before + 10; }));
        ::usleep(random() % 300);
        writer.kill();
        if (memory->sequence.read(copy, memory->block)) {
            EXPECT_TRUE(is_whole(copy));
        } else {
            EXPECT_EQ(memory->sequence.value() % 2, 1u) << "refused only when it was cut off";
            ++caught_in_the_middle;
        }
        memory->write(1000 + round);
        ASSERT_TRUE(memory->sequence.read(copy, memory->block));
        EXPECT_TRUE(is_whole(copy));
        EXPECT_EQ(number_of(copy), 1000 + round);
    }
    EXPECT_GT(caught_in_the_middle, 0u) << "nothing was tried";
}

TEST(Sequence, GoesOnOverTheEndOfItsNumber) {
    const Shared<Memory> memory;
    Guarded copy;
    for (const uint32_t start : {0xfffffffeu, 0xffffffffu}) {
        memory->set_raw(start);
        memory->write(3);
        EXPECT_EQ(memory->sequence.value(), 0u);
        ASSERT_TRUE(memory->sequence.read(copy, memory->block));
        EXPECT_EQ(number_of(copy), 3u);
    }
}

TEST(Counter, CountsForOneWriterAndNeverShrinksForReaders) {
    const Shared<Counter> counter;
    std::thread reader([&] {
        uint64_t newest = 0;
        EXPECT_TRUE(wait_until([&] {
            const uint64_t now = counter->get();
            EXPECT_GE(now, newest);
            newest = now;
            return now == 3 * writes;
        }));
    });
    for (uint64_t i = 0; i < writes; ++i) counter->add(3);
    reader.join();
    counter->set(5);
    EXPECT_EQ(counter->get(), 5u);
}

}  // namespace
}  // namespace sluice::layout
