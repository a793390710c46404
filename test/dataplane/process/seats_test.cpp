// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/seats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::ElementsAre;

layout::DataplaneSettings settings(uint32_t workers, std::initializer_list<uint16_t> cores = {}) {
    layout::DataplaneSettings s{};
    s.workers = workers;
    for (const uint16_t core : cores) s.cores[s.core_count++] = core;
    return s;
}

TEST(Seats, AreOneOnEachCoreButTheMainThreads) {
    EXPECT_THAT(assign_seats(settings(0), {0, 1, 2}, 0),
                ElementsAre(Seat{0, 1, false}, Seat{1, 2, false}));
}

TEST(Seats, AreOneAtLeastOnAMachineWithOneCore) {
    EXPECT_THAT(assign_seats(settings(0), {3}, 3), ElementsAre(Seat{0, 3, true}));
}

TEST(Seats, AreSharedByWorkersOfWhichThereAreMoreThanCores) {
    EXPECT_THAT(assign_seats(settings(3), {0, 1}, 0),
                ElementsAre(Seat{0, 1, true}, Seat{1, 1, true}, Seat{2, 1, true}));
}

TEST(Seats, AreWhereTheSettingsSay) {
    EXPECT_THAT(assign_seats(settings(2, {3, 2}), {0, 1, 2, 3}, 0),
                ElementsAre(Seat{0, 3, false}, Seat{1, 2, false}));
}

TEST(Seats, AreNotOnCoresThatTheProcessMayNotUse) {
    EXPECT_THAT(assign_seats(settings(1, {7}), {0, 1}, 0), ElementsAre(Seat{0, 1, false}));
}

TEST(Seats, OnTheMainThreadsCoreAreShared) {
    EXPECT_THAT(assign_seats(settings(1, {0}), {0, 1}, 0), ElementsAre(Seat{0, 0, true}));
}

}  // namespace
}  // namespace sluice
