// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lib/layout/state.h"
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

constexpr uint64_t pushes = 300'000 / test::slowdown;
constexpr unsigned ring_readers = 3;
constexpr unsigned size = 16;

using Entry = test::Block<64>;  // long enough to be overtaken while being read
using SmallRing = Ring<Entry, size>;

// Entry n holds the number n + 1: none looks like memory that nobody wrote to.
void push_number(SmallRing& ring, uint64_t number) {
    Entry entry;
    fill_from(entry, number);
    ring.push(entry);
}

// Follows the ring to its end; true if each entry read was the one asked for, and each one not
// read was noticed.
bool follows_and_notices_losses(const SmallRing& ring, uint64_t last) {
    uint64_t at = 0, read = 0, lost = 0;
    bool well = true;
    const bool ended = wait_until([&] {
        Entry entry;
        const uint64_t written = ring.written.load(std::memory_order_acquire);
        if (at < written && ring.read(at, entry)) {
            well = is_whole(entry) && number_of(entry) == at + 1;
            ++read, ++at;
        } else if (at < written) {
            const uint64_t oldest = ring.written.load(std::memory_order_acquire) - size + 1;
            lost += oldest - at;
            at = oldest;
        }
        return !well || at == last;
    });
    return well && ended && read + lost == last && read > 0;
}

TEST(Ring, HasNothingBeforeTheFirstPush) {
    const Shared<SmallRing> ring;
    Entry entry;
    EXPECT_FALSE(ring->read(0, entry));
    EXPECT_FALSE(ring->read(~uint64_t{0}, entry));
}

TEST(Ring, GivesItsLastEntriesAndNoneThatWasOrIsNextOverwritten) {
    const Shared<SmallRing> ring;
    Entry entry;
    for (uint64_t written = 1; written <= 3 * size; ++written) {
        push_number(*ring, written);
        for (uint64_t at = 0; at <= written + 2; ++at) {
            const bool kept = at < written && written - at < size;
            ASSERT_EQ(ring->read(at, entry), kept) << at << " of " << written;
            if (kept) {
                EXPECT_EQ(number_of(entry), at + 1);
            }
        }
    }
}

TEST(Ring, LetsReadersInThreadsFollowAndNoticeWhatTheyLost) {
    const Shared<SmallRing> ring;
    std::vector<std::thread> threads;
    bool well[ring_readers] = {};
    for (bool& mine : well) {
        threads.emplace_back([&ring, &mine] { mine = follows_and_notices_losses(*ring, pushes); });
    }
    for (uint64_t number = 1; number <= pushes; ++number) push_number(*ring, number);
    for (std::thread& thread : threads) thread.join();
    for (const bool mine : well) EXPECT_TRUE(mine);
}

TEST(Ring, LetsReadersInProcessesFollowAndNoticeWhatTheyLost) {
    const Shared<SmallRing> ring;
    std::vector<Child> children;
    for (unsigned i = 0; i < ring_readers; ++i) {
        children.emplace_back([&] { return follows_and_notices_losses(*ring, pushes); });
    }
    for (uint64_t number = 1; number <= pushes; ++number) push_number(*ring, number);
    for (Child& child : children) EXPECT_TRUE(child.succeeded());
}

TEST(Ring, SurvivesWritersKilledAtAnyMoment) {
    const Shared<SmallRing> ring;
    std::mt19937 random(6);
    for (unsigned round = 0; round < 40; ++round) {
        const uint64_t before = ring->written;
        Child writer([&] {
            for (;;) push_number(*ring, ring->written + 1);
            return false;
        });
        ASSERT_TRUE(wait_until([&] { return ring->written > before + 2 * size; }));
        ::usleep(random() % 300);
        writer.kill();
        for (unsigned next = 0; next < 2; ++next) {  // as it was left, and after the next writer
            const uint64_t written = ring->written;
            Entry entry;
            for (uint64_t at = written - size + 1; at < written; ++at) {
                ASSERT_TRUE(ring->read(at, entry));
                EXPECT_TRUE(is_whole(entry));
                EXPECT_EQ(number_of(entry), at + 1);
            }
            push_number(*ring, written + 1);
        }
    }
}

TEST(Ring, WithAnyNumberIsReadWithinItsEntries) {
    const auto ring = std::make_unique<SmallRing>();  // the heap, so that overruns are noticed
    for (uint64_t at = 0; at < size; ++at) fill_from(ring->entries[at], at + 1);
    std::mt19937_64 random(7);
    std::vector<uint64_t> numbers{
        0, 1, size - 1, size, size + 1, ~uint64_t{0}, ~uint64_t{0} - size, uint64_t{1} << 63};
    for (unsigned i = 0; i < 100; ++i) numbers.push_back(random());
    for (const uint64_t written : numbers) {
        ring->written = written;
        for (const uint64_t base : numbers) {
            for (const uint64_t at : {base, written - base % (2 * size), written + 1, written}) {
                Entry entry;
                const bool given = ring->read(at, entry);
                ASSERT_EQ(given, at < written && written - at < size) << at << " of " << written;
                if (given) {
                    ASSERT_EQ(number_of(entry), at % size + 1);
                }
            }
        }
    }
}

TEST(Ring, OfEventsAndOfTracesIsMadeOfWholeWords) {
    static_assert(shm::WordBlock<Event> && shm::WordBlock<TraceRecord>);
    const Shared<WorkerBlock> worker;
    Event event{};
    event.kind = EventKind::neighbour_moved;
    event.mac = 0x0605040302;
    event.interface = 3;
    worker->events.push(event);
    Event seen{};
    ASSERT_TRUE(worker->events.read(0, seen));
    EXPECT_EQ(std::memcmp(&event, &seen, sizeof event), 0);

    TraceRecord trace{};
    fill_from(trace.bytes, 1);
    trace.frame_length = 1514;
    worker->traces.push(trace);
    TraceRecord copy{};
    ASSERT_TRUE(worker->traces.read(0, copy));
    EXPECT_EQ(std::memcmp(&trace, &copy, sizeof trace), 0);
}

}  // namespace
}  // namespace sluice::layout
