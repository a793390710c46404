// SPDX-License-Identifier: BSD-3-Clause
// What people read of the layout: each reason and step has a name of its own and says something.
#include <cctype>
#include <set>
#include <string_view>

#include <gtest/gtest.h>

#include "lib/layout/drop_reason.h"
#include "lib/layout/trace.h"

namespace sluice::layout {
namespace {

bool is_snake_case(std::string_view name) {
    for (const char c : name) {
        if (c != '_' && (std::islower(c) == 0) && (std::isdigit(c) == 0)) return false;
    }
    return !name.empty() && std::islower(name.front()) != 0;
}

TEST(DropReasons, HaveEachANameOfItsOwn) {
    std::set<std::string_view> names;
    for (const DropReasonText& reason : drop_reason_texts) {
        EXPECT_TRUE(is_snake_case(reason.name)) << reason.name;
        EXPECT_TRUE(names.insert(reason.name).second) << reason.name << " stands twice";
    }
    EXPECT_EQ(names.size(), drop_reason_count);
}

TEST(DropReasons, SayEachWhatHappenedAndWhatToDo) {
    for (const DropReasonText& reason : drop_reason_texts) {
        EXPECT_FALSE(reason.sentence.empty()) << reason.name;
        EXPECT_FALSE(reason.advice.empty()) << reason.name;
        EXPECT_NE(reason.sentence, reason.advice) << reason.name;
        EXPECT_LE(reason.severity, Severity::error) << reason.name;
        if (reason.sentence.empty() || reason.advice.empty()) continue;
        EXPECT_NE(reason.sentence.back(), '.') << reason.name << ": tables print it without";
        EXPECT_NE(reason.advice.back(), '.') << reason.name << ": tables print it without";
    }
}

TEST(DropReasons, AreFoundByTheirNumber) {
    EXPECT_EQ(text_of(DropReason::no_route).name, "no_route");
    EXPECT_EQ(text_of(DropReason::ttl_expired).severity, Severity::expected);
}

TEST(DropReasons, FitTheByteThatATraceHasForThem) {
    static_assert(drop_reason_count < 256 && sizeof(TraceStep::reason) == 1);
}

TEST(Steps, HaveEachANameOfItsOwnAndASentence) {
    std::set<std::string_view> names;
    for (const StepText& step : step_texts) {
        EXPECT_TRUE(is_snake_case(step.name)) << step.name;
        EXPECT_FALSE(step.sentence.empty()) << step.name;
        EXPECT_TRUE(names.insert(step.name).second) << step.name << " stands twice";
    }
}

}  // namespace
}  // namespace sluice::layout
