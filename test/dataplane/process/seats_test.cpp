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

// Of a machine whose nodes are not known.
std::vector<Core> cores(std::initializer_list<unsigned> numbers) {
    std::vector<Core> result;
    for (const unsigned number : numbers) result.push_back({number});
    return result;
}

std::vector<unsigned> cores_of(const std::vector<Seat>& seats) {
    std::vector<unsigned> result;
    for (const Seat& seat : seats) result.push_back(seat.core);
    return result;
}

TEST(Seats, AreOneOnEachCoreButTheMainThreads) {
    EXPECT_THAT(assign_seats(settings(0), cores({0, 1, 2}), 0, {}),
                ElementsAre(Seat{0, 1, Company::none}, Seat{1, 2, Company::none}));
}

TEST(Seats, AreOneAtLeastOnAMachineWithOneCore) {
    EXPECT_THAT(assign_seats(settings(0), cores({3}), 3, {}),
                ElementsAre(Seat{0, 3, Company::main_thread}));
}

TEST(Seats, AreSharedByWorkersOfWhichThereAreMoreThanCores) {
    EXPECT_THAT(assign_seats(settings(3), cores({0, 1}), 0, {}),
                ElementsAre(Seat{0, 1, Company::workers}, Seat{1, 1, Company::workers},
                            Seat{2, 1, Company::workers}));
}

TEST(Seats, AreWhereTheSettingsSay) {
    EXPECT_THAT(assign_seats(settings(2, {3, 2}), cores({0, 1, 2, 3}), 0, {}),
                ElementsAre(Seat{0, 3, Company::none}, Seat{1, 2, Company::none}));
}

TEST(Seats, AreNotOnCoresThatTheProcessMayNotUse) {
    EXPECT_THAT(assign_seats(settings(1, {7}), cores({0, 1}), 0, {}),
                ElementsAre(Seat{0, 1, Company::none}));
}

TEST(Seats, OnTheMainThreadsCoreAreShared) {
    EXPECT_THAT(assign_seats(settings(1, {0}), cores({0, 1}), 0, {}),
                ElementsAre(Seat{0, 0, Company::main_thread}));
}

// --- on two nodes of three cores each; the main thread has core 0

const std::vector<Core> two_nodes{{0, 0}, {1, 0}, {2, 0}, {3, 1}, {4, 1}, {5, 1}};

TEST(SeatsOnTwoNodes, AreNearThePortsFirst) {
    EXPECT_THAT(cores_of(assign_seats(settings(2), two_nodes, 0, {1})), ElementsAre(3, 4));
    EXPECT_THAT(cores_of(assign_seats(settings(4), two_nodes, 0, {1})), ElementsAre(3, 4, 5, 1));
    EXPECT_THAT(cores_of(assign_seats(settings(0), two_nodes, 0, {1})), ElementsAre(3, 4, 5, 1, 2));
}

TEST(SeatsOnTwoNodes, TakeTurnsWherePortsAreOnBoth) {
    EXPECT_THAT(cores_of(assign_seats(settings(2), two_nodes, 0, {0, 1})), ElementsAre(1, 3));
    EXPECT_THAT(cores_of(assign_seats(settings(4), two_nodes, 0, {1, 0})), ElementsAre(3, 1, 4, 2));
}

TEST(SeatsOnTwoNodes, AreAsEverWhereNoPortsNodeIsKnown) {
    EXPECT_THAT(cores_of(assign_seats(settings(2), two_nodes, 0, {-1, -1})), ElementsAre(1, 2));
    EXPECT_THAT(cores_of(assign_seats(settings(2), two_nodes, 0, {7})), ElementsAre(1, 2));
}

TEST(SeatsOnTwoNodes, AreWhereTheSettingsSayHoweverFarThatIs) {
    EXPECT_THAT(cores_of(assign_seats(settings(2, {1, 2}), two_nodes, 0, {1})), ElementsAre(1, 2));
}

TEST(FirstWorker, IsTheNextUnlessAnotherIsNearer) {
    const auto seats = assign_seats(settings(4), two_nodes, 0, {0, 1});
    ASSERT_THAT(cores_of(seats), ElementsAre(1, 3, 2, 4)) << "nodes 0, 1, 0, 1";
    EXPECT_EQ(first_worker(seats, 0, 1, 0), 0u);
    EXPECT_EQ(first_worker(seats, 1, 1, 0), 1u);
    EXPECT_EQ(first_worker(seats, 1, 1, 2), 3u);
    EXPECT_EQ(first_worker(seats, 0, 1, 3), 0u);
}

TEST(FirstWorker, IsTheNextWhereEachIsAsNearAsAnyOther) {
    const auto seats = assign_seats(settings(4), two_nodes, 0, {0, 1});
    EXPECT_EQ(first_worker(seats, 0, 4, 2), 2u) << "all serve the port";
    EXPECT_EQ(first_worker(seats, -1, 1, 3), 3u) << "its node is not known";
    const auto anywhere = assign_seats(settings(2), cores({0, 1, 2}), 0, {});
    EXPECT_EQ(first_worker(anywhere, 0, 1, 1), 1u) << "nor is the workers'";
}

}  // namespace
}  // namespace sluice
