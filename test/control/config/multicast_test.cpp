// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

const std::string over_tunnel =
    R"("tunnels": {"over": {"type": "gre", "local": "10.0.0.1", "remote": "192.0.2.1"}},
"multicast": )";

std::vector<std::string> told_of_multicast(const std::string& section) {
    return told(router_with(over_tunnel + section));
}

TEST(Multicast, IsReadWhole) {
    const Multicast m = accepted(router_with(over_tunnel + R"({
        "interfaces": {"lan": {"max_groups": 9}, "over": {}, "wan": {"copies": "all", "querier": false}},
        "query_interval_s": 60, "response_s": 5, "robustness": 3, "max_groups": 1000})"))
                            .multicast;
    Multicast expected;
    expected.interfaces = {
        {"lan", false, true, 9}, {"over", true, true, 64}, {"wan", true, false, 64}};
    expected.query_interval_s = 60;
    expected.response_s = 5;
    expected.robustness = 3;
    expected.max_groups = 1000;
    EXPECT_EQ(m, expected);
}

TEST(Multicast, IsNotForwardedUnlessAskedFor) {
    EXPECT_THAT(accepted(router_with("\"routes\": []")).multicast.interfaces, IsEmpty());
}

TEST(Multicast, GoesIntoATunnelForItsMembersWhereAskedFor) {
    EXPECT_FALSE(
        accepted(router_with(over_tunnel + R"({"interfaces": {"over": {"copies": "members"}}})"))
            .multicast.interfaces.at(0)
            .all);
}

TEST(Multicast, ByWhatIsNoInterfaceIsTold) {
    EXPECT_THAT(told_of_multicast(R"({"interfaces": {"lam": {}}})"),
                ElementsAre("c.json:4: multicast.interfaces.lam: \"lam\" is no interface or tunnel "
                            "of this router"));
}

TEST(Multicast, ByABridgedPortIsTold) {
    EXPECT_THAT(
        told(R"({"interfaces": {"lan": {"device": "net_tap0", "addresses": ["10.0.0.1/24"]},
                         "side": {"device": "net_tap1"}},
                         "tunnels": {"over": {"type": "gre", "local": "10.0.0.1",
                                              "remote": "192.0.2.1", "bridge": "side"}},
                         "multicast": {"interfaces": {"side": {}}}})"),
        ElementsAre(HasSubstr("\"side\" is bridged with over, so nothing is routed by it")));
}

TEST(Multicast, QuerierWithoutAnAddressIsTold) {
    const auto with = [](const char* members) {
        return told(fmt::format(R"({{"interfaces": {{"lan": {{"device": "net_tap0"}}}},
                                     "multicast": {{"interfaces": {{"lan": {{{}}}}}}}}})",
                                members));
    };
    EXPECT_THAT(with(""), ElementsAre(HasSubstr("\"lan\" has no address to ask its hosts from")));
    EXPECT_THAT(with(R"("querier": false)"), IsEmpty());
    EXPECT_THAT(with(R"("copies": "all")"), IsEmpty());
}

TEST(Multicast, ResponseMustComeBeforeTheNextQuestion) {
    EXPECT_THAT(told_of_multicast(R"({"query_interval_s": 10, "response_s": 10})"),
                ElementsAre("c.json:4: multicast.response_s: 10 should be less than "
                            "\"query_interval_s\", which is 10 (RFC 3376 8.3)"));
}

TEST(Multicast, LimitsAndTimesHaveRanges) {
    for (const char* wrong : {R"("max_groups": 1025)", R"("robustness": 8)", R"("response_s": 26)",
                              R"("query_interval_s": 1)"}) {
        EXPECT_EQ(told_of_multicast(fmt::format("{{{}}}", wrong)).size(), 1U) << wrong;
    }
    EXPECT_THAT(told_of_multicast(R"({"interfaces": {"lan": {"max_groups": 0}}})"),
                ElementsAre(HasSubstr("multicast.interfaces.lan.max_groups")));
}

}  // namespace
}  // namespace sluice::config
