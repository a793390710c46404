// SPDX-License-Identifier: BSD-3-Clause
#include "control/nat_log/json_line.h"

#include <gtest/gtest.h>

#include "control/config/json.h"
#include "test/control/nat_log/records.h"

namespace sluice::nat_log {
namespace {

using layout::NatLogKind;
using nlohmann::json;

json line_of(const layout::NatLogRecord& record, bool destinations = true) {
    std::string text;
    append_line(text, record, 3, 41, plain_words(destinations));
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    return config::parse_json(text);
}

TEST(JsonLine, TellsWhoSpeaksToWhomAndAsWhom) {
    EXPECT_EQ(line_of(record_of(NatLogKind::session_created)), config::parse_json(R"({
        "time": "1970-01-01T00:00:05.000Z", "event": "session_created", "rule": "internet",
        "protocol": "tcp", "internal": "10.0.0.9:5000", "external": "203.0.113.2:6000",
        "remote": "192.0.2.1:80", "worker": 3, "number": 41})"));
}

TEST(JsonLine, TellsNoDestinationUnlessItIsAskedFor) {
    for (const auto kind : {NatLogKind::session_created, NatLogKind::session_ended,
                            NatLogKind::ports_exhausted, NatLogKind::subscriber_limit}) {
        auto record = record_of(kind);
        record.at.remote_inside = net::addr(10, 0, 0, 1).value;
        EXPECT_TRUE(line_of(record, true).contains("remote"));
        EXPECT_FALSE(line_of(record, false).contains("remote"));
        EXPECT_FALSE(line_of(record, false).contains("remote_seen_inside"));
    }
}

TEST(JsonLine, TellsOfASessionThatEndedForHowLongItLived) {
    EXPECT_EQ(line_of(record_of(NatLogKind::session_ended))["age_s"], 3);
}

TEST(JsonLine, TellsByWhichNameTheHostInsideKnowsTheRemote) {
    auto record = record_of(NatLogKind::session_created);
    record.at.remote_inside = net::addr(10, 0, 0, 1).value;
    EXPECT_EQ(line_of(record)["remote_seen_inside"], "10.0.0.1:80");
}

TEST(JsonLine, TellsOfARuleThatIsGoneAndAProtocolWithoutAName) {
    auto record = record_of(NatLogKind::session_created);
    record.rule = 8;
    record.protocol = 99;
    record.at.internal_port = 0;
    const json line = line_of(record);
    EXPECT_EQ(line["rule"], nullptr);
    EXPECT_EQ(line["protocol"], "99");
    EXPECT_EQ(line["internal"], "10.0.0.9");
}

TEST(JsonLine, TellsABlockByItsEnds) {
    EXPECT_EQ(line_of(record_of(NatLogKind::block_allocated)), config::parse_json(R"({
        "time": "1970-01-01T00:00:05.000Z", "event": "port_block_allocated", "rule": "internet",
        "internal": "10.0.0.9", "external": "203.0.113.2", "ports": "6000-6143",
        "worker": 3, "number": 41})"));
}

TEST(JsonLine, TellsWhatRanOutAndForWhom) {
    EXPECT_EQ(line_of(record_of(NatLogKind::subscriber_limit)), config::parse_json(R"({
        "time": "1970-01-01T00:00:05.000Z", "event": "subscriber_limit", "rule": "internet",
        "protocol": "tcp", "internal": "10.0.0.9:5000", "external": "203.0.113.2",
        "remote": "192.0.2.1:80", "limit": 256, "limit_of": "sessions", "worker": 3,
        "number": 41})"));
}

TEST(JsonLine, TellsWhetherPortsOrSessionsWereAtTheirLimit) {
    auto record = record_of(NatLogKind::subscriber_limit);
    record.limit_of = layout::NatLogLimit::ports;
    EXPECT_EQ(line_of(record)["limit_of"], "ports");
    EXPECT_FALSE(line_of(record_of(NatLogKind::sessions_exhausted)).contains("limit_of"));
}

TEST(JsonLine, NobodyIsYoungerThanNothing) {
    auto record = record_of(NatLogKind::session_ended);
    record.created = 6;
    EXPECT_EQ(line_of(record)["age_s"], 0);
}

TEST(JsonLine, TellsHowManyAreLostAndFromWhichOn) {
    std::string text;
    append_lost_line(text, 3, 100, 20, 1234);
    EXPECT_EQ(config::parse_json(text), config::parse_json(R"({"time": "1970-01-01T00:00:01.234Z",
        "event": "records_lost", "records": 20, "worker": 3, "number": 80})"));
}

}  // namespace
}  // namespace sluice::nat_log
