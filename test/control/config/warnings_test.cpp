// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/warnings.h"

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

std::string with_sessions(const std::string& members) {
    return router_with(R"("nat": [{"type": "source", "out": "wan", "to": "interface"}],
                          "sessions": {)" +
                       members + "}");
}

TEST(Warnings, AreNoneWhereTimesAreAsTheStandardsWantThem) {
    EXPECT_THAT(warnings(accepted(with_sessions(""))), IsEmpty());
    EXPECT_THAT(warnings(accepted(with_sessions(R"("udp_s": 120)"))), IsEmpty());
}

TEST(Warnings, NameTheStandardThatATimeIsTooShortFor) {
    EXPECT_THAT(
        warnings(accepted(with_sessions(R"("udp_s": 119, "quarantine_s": 0)"))),
        ElementsAre(
            "sessions.udp_s: 119 is less than the 120 s that RFC 4787 REQ-5 asks for",
            "sessions.quarantine_s: 0 is less than the 120 s that RFC 6888 REQ-8 asks for"));
}

TEST(Warnings, SayNothingOfSessionsWhereThereIsNoNat) {
    EXPECT_THAT(warnings(accepted(router_with(R"("sessions": {"udp_s": 1})"))), IsEmpty());
}

}  // namespace
}  // namespace sluice::config
