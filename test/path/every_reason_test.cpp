// SPDX-License-Identifier: BSD-3-Clause
// Fails for a drop reason that no path test provokes: a reason that nothing shows to happen, or
// that nothing shows to be counted, helps nobody at 3 a.m.
#include <gtest/gtest.h>

#include "test/support/test_router.h"

namespace sluice::test {
namespace {

class EveryReason : public ::testing::Environment {
  public:
    void TearDown() override {
        const bool all_tests_ran =
            ::testing::GTEST_FLAG(filter) == "*" && ::testing::UnitTest::GetInstance()->Passed();
        if (!all_tests_ran) return;
        for (unsigned i = 0; i < layout::drop_reason_count; ++i) {
            const auto reason = static_cast<DropReason>(i);
            EXPECT_TRUE(provoked_reasons().contains(reason))
                << "no path test provokes the drop reason " << layout::text_of(reason).name;
        }
    }
};

const ::testing::Environment* const registered =
    ::testing::AddGlobalTestEnvironment(new EveryReason);

}  // namespace
}  // namespace sluice::test
