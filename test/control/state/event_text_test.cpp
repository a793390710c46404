// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "control/state/event_log.h"

namespace sluice::state {
namespace {

using layout::EventKind;
using layout::Severity;

layout::Event nat_event(EventKind kind, uint32_t extra) {
    layout::Event event{};
    event.kind = kind;
    event.address = net::addr(10, 0, 0, 9).value;
    event.mac = net::addr(192, 0, 2, 1).value;
    event.extra = extra;
    return event;
}

TEST(EventText, OfTheNatNamesWhoAndWhereAndTheRule) {
    const EventNames names{"", "internet"};
    EXPECT_EQ(sentence(nat_event(EventKind::nat_no_port, 7), names),
              "no external port is free: 10.0.0.9 to 192.0.2.1, by rule internet");
    EXPECT_EQ(sentence(nat_event(EventKind::nat_subscriber_limit, 7), names),
              "at the rule's limit of ports or sessions: 10.0.0.9 to 192.0.2.1, by rule internet");
    EXPECT_EQ(sentence(nat_event(EventKind::nat_table_full, 7), {}),
              "the table of sessions is full: 10.0.0.9 to 192.0.2.1, by rule 7, which is gone");
    EXPECT_EQ(sentence(nat_event(EventKind::nat_table_filling, 90), names),
              "the table of sessions is 90 % full; \"sessions\".\"max\" enlarges it");
}

TEST(EventText, HasANameForEveryKind) {
    for (uint32_t kind = 0; kind <= static_cast<uint32_t>(EventKind::nat_table_filling); ++kind) {
        EXPECT_NE(name_of(static_cast<EventKind>(kind)), "unknown") << kind;
        EXPECT_EQ(sentence(nat_event(static_cast<EventKind>(kind), 0), {}).starts_with("event "),
                  kind == 0);
    }
    EXPECT_EQ(name_of(static_cast<EventKind>(1000)), "unknown");
}

TEST(EventText, IsAnErrorWhereTheNatRefusesForWantOfRoom) {
    EXPECT_EQ(severity(EventKind::nat_no_port), Severity::error);
    EXPECT_EQ(severity(EventKind::nat_table_full), Severity::error);
    EXPECT_EQ(severity(EventKind::nat_subscriber_limit), Severity::warning);
    EXPECT_EQ(severity(EventKind::nat_table_filling), Severity::warning);
}

}  // namespace
}  // namespace sluice::state
