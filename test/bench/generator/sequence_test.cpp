// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/sequence.h"

#include <gtest/gtest.h>

namespace sluice::generator {
namespace {

TEST(SequenceWindow, MayBeginAnywhereAndLeaveNumbersOut) {
    SequenceWindow window;
    for (const uint32_t n : {4000u, 4001u, 4007u, 5000u}) {
        EXPECT_EQ(window.note(n), Arrival::in_order) << n;
    }
}

TEST(SequenceWindow, TellsWhatCameAgainFromWhatCameLate) {
    SequenceWindow window;
    for (const uint32_t n : {10u, 12u, 20u}) window.note(n);
    EXPECT_EQ(window.note(20), Arrival::again);
    EXPECT_EQ(window.note(12), Arrival::again);
    EXPECT_EQ(window.note(11), Arrival::out_of_order);
    EXPECT_EQ(window.note(11), Arrival::again);
    EXPECT_EQ(window.note(21), Arrival::in_order);
}

TEST(SequenceWindow, RemembersSixtyFourNumbers) {
    SequenceWindow window;
    window.note(0);
    window.note(63);
    EXPECT_EQ(window.note(0), Arrival::again);
    window.note(64);
    EXPECT_EQ(window.note(0), Arrival::out_of_order);
}

TEST(SequenceWindow, WrapsAround) {
    SequenceWindow window;
    window.note(0xfffffffe);
    EXPECT_EQ(window.note(1), Arrival::in_order);
    EXPECT_EQ(window.note(0xffffffff), Arrival::out_of_order);
    EXPECT_EQ(window.note(0xfffffffe), Arrival::again);
}

}  // namespace
}  // namespace sluice::generator
