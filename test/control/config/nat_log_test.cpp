// SPDX-License-Identifier: BSD-3-Clause
#include "test/control/config/told.h"

namespace sluice::config {
namespace {

NatLog read(const std::string& section) {
    return accepted(R"({"nat_log": )" + section + "}").nat_log;
}
std::vector<std::string> told_of_log(const std::string& section) {
    return told(R"({"nat_log": )" + section + "}");
}

TEST(NatLog, IsKeptNowhereUnlessAskedFor) {
    EXPECT_FALSE(read("{}").is_kept());
    EXPECT_FALSE(read(R"({"events": ["sessions"], "ipfix": {"domain": 7}})").is_kept());
    EXPECT_TRUE(read(R"({"file": "/var/log/nat.jsonl"})").is_kept());
    EXPECT_TRUE(read(R"({"ipfix": {"collector": "127.0.0.1"}})").is_kept());
}

TEST(NatLog, IsReadWhole) {
    NatLog expected;
    expected.file = "/var/log/sluice/nat.jsonl";
    expected.collector = Collector{net::addr(192, 0, 2, 1), 2055};
    expected.domain = 4294967295;
    expected.template_s = 10;
    expected.message_bytes = 512;
    expected.events = 9;
    expected.destinations = true;
    EXPECT_EQ(read(R"({"file": "/var/log/sluice/nat.jsonl", "events": ["limits", "sessions"],
        "destinations": true,
        "ipfix": {"collector": "192.0.2.1:2055", "domain": 4294967295, "template_s": 10,
                  "message_bytes": 512}})"),
              expected);
}

TEST(NatLog, CollectorListensOnIpfixsPortWhereNoneIsGiven) {
    EXPECT_EQ(read(R"({"ipfix": {"collector": "192.0.2.1"}})").collector,
              (Collector{net::addr(192, 0, 2, 1), 4739}));
}

TEST(NatLog, TellsWhatIsWrong) {
    EXPECT_THAT(told_of_log(R"({"file": "nat.jsonl"})"),
                ElementsAre(HasSubstr("should be the whole path of a file")));
    EXPECT_THAT(told_of_log(R"({"events": ["session"]})"),
                ElementsAre(HasSubstr(R"("session" should be "sessions", "port-blocks")")));
    EXPECT_THAT(told_of_log(R"({"ipfix": {"collector": "collector.example:1"}})"),
                ElementsAre(HasSubstr("should be an IPv4 address and a port")));
    EXPECT_THAT(told_of_log(R"({"ipfix": {"collector": "224.0.0.1:4739"}})"),
                ElementsAre(HasSubstr("is a multicast address")));
    EXPECT_THAT(told_of_log(R"({"ipfix": {"collector": "192.0.2.1", "template_s": 0}})"),
                ElementsAre(HasSubstr("from 1 to 3600")));
}

}  // namespace
}  // namespace sluice::config
