// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/rpc.h"

#include <gtest/gtest.h>

#include "test/control/api/router_memory.h"

namespace sluice::api {
namespace {

using test::ControlRoom;

int code_of(const json& answer) {
    return answer.contains("error") ? answer["error"]["code"].get<int>() : 0;
}

TEST(Rpc, AnswersWithTheRequestsId) {
    ControlRoom room;
    const json answer = room.ask(R"({"jsonrpc":"2.0","id":"x","method":"status.get"})");
    EXPECT_EQ(answer["id"], "x");
    EXPECT_EQ(answer["jsonrpc"], "2.0");
    EXPECT_TRUE(answer.contains("result"));
}

TEST(Rpc, GivesNoAnswerToANotification) {
    ControlRoom room;
    EXPECT_EQ(answer(room.control(), R"({"jsonrpc":"2.0","method":"status.get"})"), "");
}

TEST(Rpc, TellsWhatIsWrongWithARequest) {
    ControlRoom room;
    EXPECT_EQ(code_of(room.ask("")), error::parse);
    EXPECT_EQ(code_of(room.ask("{")), error::parse);
    EXPECT_EQ(code_of(room.ask("\xff\xfe")), error::parse);
    EXPECT_EQ(code_of(room.ask("7")), error::invalid_request);
    EXPECT_EQ(code_of(room.ask("[]")), error::invalid_request);
    EXPECT_EQ(code_of(room.ask("{}")), error::invalid_request);
    EXPECT_EQ(code_of(room.ask(R"({"id":1})")), error::invalid_request);
    EXPECT_EQ(code_of(room.ask(R"({"jsonrpc":"2.0","id":{},"method":"status.get"})")),
              error::invalid_request);
    EXPECT_EQ(code_of(room.call("no.such")), error::no_such_method);
    EXPECT_EQ(code_of(room.ask(R"({"jsonrpc":"2.0","id":1,"method":"status.get","params":[]})")),
              error::invalid_params);
    EXPECT_EQ(code_of(room.call("route.lookup")), error::invalid_params);
    EXPECT_EQ(code_of(room.call("route.lookup", {{"address", 7}})), error::invalid_params);
    EXPECT_EQ(code_of(room.call("route.list", {{"limit", -1}})), error::invalid_params);
    EXPECT_EQ(code_of(room.call("route.list", {{"limit", 1e9}})), error::invalid_params);
}

TEST(Rpc, RefusesWhatIsNestedTooDeepOrHasTooManyValues) {
    ControlRoom room;
    EXPECT_EQ(code_of(room.ask(std::string(1 << 20, '['))), error::invalid_request);
    std::string list = "[0";
    for (int i = 0; i < 300'000; ++i) list += ",0";
    EXPECT_EQ(code_of(room.ask(list + "]")), error::invalid_request);
    // Brackets within a text are no nesting.
    EXPECT_EQ(code_of(room.call("config.diff", {{"text", std::string(1000, '[')}})),
              error::refused);
}

TEST(RpcConfig, RefusesAWrongOneWithAllItsProblems) {
    ControlRoom room;
    const uint64_t before = room.control().intent.generation();
    const json answer = room.call(
        "config.apply", {{"text", R"({"interfaces": 7, "routs": []})"}, {"filename", "a.json"}});
    ASSERT_EQ(code_of(answer), error::refused);
    EXPECT_EQ(answer["error"]["data"]["problems"].size(), 2u);
    EXPECT_EQ(room.control().intent.generation(), before);
    EXPECT_EQ(room.control().config.running(), test::two_networks);
}

TEST(RpcConfig, AppliesShowsTheDifferenceAndGoesBack) {
    ControlRoom room;
    const json applied = room.call("config.apply", {{"text", test::one_network}});
    ASSERT_EQ(code_of(applied), 0) << applied;
    EXPECT_FALSE(applied["result"]["differences"].empty());
    EXPECT_EQ(room.call("config.get")["result"]["text"], test::one_network);
    EXPECT_EQ(room.call("config.history")["result"]["history"].size(), 2u);
    ASSERT_EQ(code_of(room.call("config.rollback")), 0);
    EXPECT_EQ(room.control().config.running(), test::two_networks);
    ASSERT_EQ(code_of(room.call("config.rollback", {{"number", 2}})), 0);
    EXPECT_EQ(room.control().config.running(), test::one_network);
    EXPECT_EQ(code_of(room.call("config.rollback", {{"number", 99}})), error::refused);
}

TEST(RpcConfig, ChangesNothingInADryRun) {
    ControlRoom room;
    const json answer = room.call("config.apply", {{"text", test::one_network}, {"dry_run", true}});
    EXPECT_FALSE(answer["result"]["differences"].empty());
    EXPECT_EQ(room.control().config.running(), test::two_networks);
}

TEST(RpcRoute, IsFoundAddedAndWithdrawn) {
    ControlRoom room;
    json found = room.call("route.lookup", {{"address", "8.8.8.8"}})["result"];
    EXPECT_EQ(found["prefix"], "0.0.0.0/0");
    EXPECT_EQ(found["next_hop"]["way"], "via 203.0.113.1 dev wan");
    EXPECT_EQ(found["next_hop"]["mtu"], 1500);
    const json added = room.call("route.change", {{"text", "8.8.0.0/16 via 10.0.0.9"}});
    EXPECT_EQ(added["result"]["changed"], 1);
    found = room.call("route.lookup", {{"address", "8.8.8.8"}})["result"];
    EXPECT_EQ(found["candidates"][0]["source"], "runtime");
    EXPECT_EQ(found["next_hop"]["interface"], "lan");
    room.call("route.change", {{"text", "8.8.0.0/16"}, {"remove", true}});
    EXPECT_EQ(room.call("route.lookup", {{"address", "8.8.8.8"}})["result"]["prefix"], "0.0.0.0/0");
}

TEST(RpcRoute, SaysWhyAnAddressIsNotReached) {
    ControlRoom room;
    room.call("route.change", {{"text", "9.0.0.0/8 blackhole"}});
    const json found = room.call("route.lookup", {{"address", "9.9.9.9"}})["result"];
    EXPECT_EQ(found["reached"], false);
    EXPECT_EQ(found["why_not"], "a blackhole route drops it without a word");
    EXPECT_EQ(room.call("route.lookup", {{"address", "127.0.0.1"}})["result"]["reached"], false);
}

TEST(RpcRoute, ChangesNothingWhereALineCannotBeRead) {
    ControlRoom room;
    const json answer = room.call("route.change", {{"text", "9.0.0.0/8 blackhole\nrubbish"}});
    EXPECT_EQ(code_of(answer), error::refused);
    EXPECT_EQ(answer["error"]["data"]["errors"][0]["line"], 2);
    EXPECT_EQ(room.control().intent.routes().runtime_count(), 0u);
}

TEST(RpcRoute, TellsOfEachRouteThatCannotBeHad) {
    ControlRoom room;
    const json answer =
        room.call("route.change", {{"text",
                                    "9.0.0.0/8 via 192.0.2.1\n8.0.0.0/8 via 10.0.0.2\n"
                                    "7.0.0.0/8 dev nowhere\n6.0.0.0/8 via 192.0.2.1"}})["result"];
    EXPECT_EQ(answer["changed"], 1);
    EXPECT_EQ(answer["error_count"], 3);
    EXPECT_EQ(answer["errors"][0]["line"], 1);
    EXPECT_EQ(answer["errors"][1]["line"], 3);
    EXPECT_EQ(answer["errors"][2]["line"], 4);
}

TEST(RpcRoute, NamedTwiceIsWithdrawnOnce) {
    ControlRoom room;
    room.call("route.change", {{"text", "9.0.0.0/8 blackhole"}});
    const json answer = room.call(
        "route.change", {{"text", "9.0.0.0/8\n9.0.0.0/8\n8.0.0.0/8"}, {"remove", true}})["result"];
    EXPECT_EQ(answer["error_count"], 1);
    EXPECT_EQ(answer["errors"][0]["line"], 3);
}

TEST(RpcRoute, OverALinkThatIsDownIsNamed) {
    ControlRoom room;
    std::vector<bool> up(layout::max_interfaces, true);
    up[room.control().intent.interface_id("wan")] = false;
    room.control().intent.set_links(up);
    const json found = room.call("route.lookup", {{"address", "8.8.8.8"}})["result"];
    EXPECT_TRUE(found["prefix"].is_null());
    EXPECT_EQ(found["dead"][0]["prefix"], "0.0.0.0/0");
    EXPECT_EQ(found["dead"][0]["way"], "via 203.0.113.1 dev wan");
}

TEST(RpcRoute, RefusesMoreNextHopsThanAGroupHolds) {
    ControlRoom room;
    std::string line = "9.0.0.0/8 via 10.0.0.2";
    for (int i = 3; i < 100; ++i) line += ",10.0.0." + std::to_string(i);
    EXPECT_EQ(room.call("route.change", {{"text", line}})["result"]["error_count"], 1);
}

TEST(RpcExplain, TellsWhatWouldHappenByTheCodeThatForwards) {
    ControlRoom room;
    const json held = room.call("explain.run", {{"in", "lan"}, {"dst", "8.8.8.8"}})["result"];
    EXPECT_EQ(held["verdict"], "held") << held;
    EXPECT_EQ(held["leaving"][0]["packet"], "arp who has 203.0.113.1, asks 203.0.113.2");

    room.call("neighbour.add",
              {{"interface", "wan"}, {"address", "203.0.113.1"}, {"mac", "02:00:00:00:01:01"}});
    const json sent = room.call("explain.run", {{"in", "lan"}, {"dst", "8.8.8.8"}})["result"];
    EXPECT_EQ(sent["verdict"], "taken");
    EXPECT_EQ(sent["leaving"][0]["interface"], "wan");
    EXPECT_EQ(sent["leaving"][0]["to_mac"], "02:00:00:00:01:01");
    EXPECT_EQ(sent["leaving"][0]["packet"], "udp 10.0.0.2:40000 > 8.8.8.8:53, ttl 63, 64 bytes");

    const json expired =
        room.call("explain.run", {{"in", "lan"}, {"dst", "8.8.8.8"}, {"ttl", 1}})["result"];
    EXPECT_EQ(expired["verdict"], "dropped");
    EXPECT_EQ(expired["reason"], "ttl_expired");
}

TEST(RpcExplain, TakesAnyFrame) {
    ControlRoom room;
    const json answer = room.call("explain.run", {{"in", "lan"}, {"hex", "00"}})["result"];
    EXPECT_EQ(answer["reason"], "frame_too_short");
    EXPECT_EQ(code_of(room.call("explain.run", {{"in", "lan"}, {"hex", "0g"}})),
              error::invalid_params);
    EXPECT_EQ(code_of(room.call("explain.run", {{"in", "lan"}, {"hex", std::string(40'000, '0')}})),
              error::refused);
    EXPECT_EQ(code_of(room.call("explain.run", {{"in", "dmz"}, {"dst", "1.2.3.4"}})),
              error::refused);
}

TEST(RpcTrace, RefusesAProgramThatIsNone) {
    ControlRoom room;
    const json loop = room.call("trace.start", {{"filter", {{0x05, 0, 0, 0xffffffff}}}});
    EXPECT_EQ(code_of(loop), error::invalid_params);
    EXPECT_EQ(code_of(room.call("trace.start", {{"filter", {1}}})), error::invalid_params);
    EXPECT_EQ(code_of(room.call("trace.start")), error::refused);  // no dataplane
}

}  // namespace
}  // namespace sluice::api
