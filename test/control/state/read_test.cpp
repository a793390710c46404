// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/read.h"

#include <cstring>
#include <memory>
#include <random>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "control/state/event_log.h"
#include "control/state/state_view.h"

namespace sluice::state {
namespace {

struct Unmap {
    void operator()(layout::State* state) const { ::munmap(state, sizeof *state); }
};
using Memory = std::unique_ptr<layout::State, Unmap>;

Memory zeroed() {
    void* memory = ::mmap(nullptr, sizeof(layout::State), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return Memory(static_cast<layout::State*>(memory));
}

Memory rubbish(unsigned seed) {
    Memory state = zeroed();
    std::mt19937_64 random(seed);
    auto* words = reinterpret_cast<uint64_t*>(state.get());
    for (size_t i = 0; i < sizeof(layout::State) / 8; ++i) words[i] = random();
    return state;
}

TEST(StateReader, FindsNothingInAnEmptyMemory) {
    const Memory state = zeroed();
    EXPECT_EQ(worker_count(*state), 0u);
    EXPECT_TRUE(neighbours(*state).empty());
    EXPECT_EQ(drops(*state, layout::DropReason::no_route), 0u);
    ASSERT_TRUE(main_status(*state));
    EXPECT_EQ(text(main_status(*state)->version), "");
}

TEST(StateReader, StaysWithinBoundsWhateverTheOtherSideWrote) {
    for (unsigned seed = 0; seed < 8; ++seed) {
        const Memory state = rubbish(seed);
        EXPECT_LE(worker_count(*state), layout::max_workers);
        EXPECT_LE(neighbours(*state).size(), layout::max_neighbours);
        for (unsigned id = 0; id < 256; ++id) {
            const auto place = static_cast<layout::InterfaceId>(id);
            traffic(*state, place);
            const auto status = interface_status(*state, place);
            if (id >= layout::max_interfaces) {
                EXPECT_FALSE(status);
            }
            if (status) {
                EXPECT_LE(text(status->why).size(), sizeof status->why);
            }
        }
        const StateView view(*state);
        size_t told = 0;
        EventLog log([&](const LoggedEvent& logged) { told += sentence(logged.event, {}).size(); });
        log.drain(view);
        log.drain(view);
        EXPECT_LE(log.newest().size(), EventLog::kept);
    }
}

TEST(StateReader, CountsNoMoreWorkersThanFit) {
    const Memory state = zeroed();
    layout::MainStatus status{};
    status.worker_count = 4'000'000'000;
    state->main.sequence.write(state->main.status, status);
    EXPECT_EQ(worker_count(*state), layout::max_workers);
}

TEST(StateReader, HasNoStatusWhereTheWriterDiedWhileWriting) {
    const Memory state = zeroed();
    const uint32_t odd = 7;
    std::memcpy(static_cast<void*>(&state->interfaces[3].sequence), &odd, sizeof odd);
    EXPECT_FALSE(interface_status(*state, 3));
}

TEST(StateReader, TakesTextWithoutItsZeroAndWithoutControlCharacters) {
    const char name[4] = {'a', '\033', '\xff', 'd'};
    EXPECT_EQ(text(name), "a??d");
}

TEST(StateReader, SumsOverWorkers) {
    const Memory state = zeroed();
    state->workers[0].drops[0].add(2);
    state->workers[31].drops[0].add(3);
    EXPECT_EQ(drops(*state, layout::DropReason{}), 5u);
}

class Events : public ::testing::Test {
  protected:
    Events()
        : state(zeroed()),
          view(*state),
          log([this](const LoggedEvent& e) { told.push_back(e.event.extra); }) {}
    void happens(uint32_t extra) {
        layout::Event event{};
        event.kind = layout::EventKind::worker_stalled;
        event.extra = extra;
        state->workers[1].events.push(event);
    }
    Memory state;
    StateView view;
    std::vector<uint32_t> told;
    EventLog log;
};

TEST_F(Events, AreToldOnceAndInOrder) {
    log.drain(view);
    happens(1);
    happens(2);
    log.drain(view);
    log.drain(view);
    EXPECT_EQ(told, (std::vector<uint32_t>{1, 2}));
    EXPECT_EQ(log.newest().back().worker, 1);
}

TEST_F(Events, ThatLayThereBeforeAreKeptButNotTold) {
    happens(1);
    log.drain(view);
    EXPECT_TRUE(told.empty());
    EXPECT_EQ(log.newest().size(), 1u);
}

TEST_F(Events, OfALappedRingAreCountedAsLost) {
    happens(0);
    log.drain(view);
    for (uint32_t i = 1; i <= 200; ++i) happens(i);
    log.drain(view);
    EXPECT_EQ(told.size(), layout::worker_events - 1);
    EXPECT_EQ(told.back(), 200u);
    EXPECT_EQ(log.lost(), 200 - (layout::worker_events - 1));
}

TEST_F(Events, StartAgainWhenTheRingRunsBackwards) {
    for (uint32_t i = 0; i < 10; ++i) happens(i);
    log.drain(view);
    state->workers[1].events.written = 0;
    happens(77);
    log.drain(view);
    EXPECT_EQ(told, (std::vector<uint32_t>{77}));
}

TEST_F(Events, AreKeptToABound) {
    log.drain(view);
    for (uint32_t i = 0; i < 3000; ++i) {
        happens(i);
        log.drain(view);
    }
    EXPECT_EQ(log.newest().size(), EventLog::kept);
    EXPECT_EQ(log.newest().back().event.extra, 2999u);
}

}  // namespace
}  // namespace sluice::state
