// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/read.h"

#include <cstdio>
#include <fstream>
#include <random>

#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

TEST(ReadConfig, TakesTheEmptyObjectForARouterWithoutInterfaces) {
    EXPECT_EQ(accepted("{}"), Config{});
}

TEST(ReadConfig, KeepsTheDocumentAsWritten) {
    const auto result = read_config(R"({"arp": {"attempts": 5}})", "c.json");
    EXPECT_EQ(result.document, parse_json(R"({"arp": {"attempts": 5}})"));
}

TEST(ReadConfig, GivesNoConfigWhereThereIsAProblem) {
    const auto result = read_config(R"({"arp": {"attempts": 50}})", "c.json");
    EXPECT_FALSE(result.config);
    EXPECT_TRUE(result.document.is_null());
}

TEST(ReadConfig, TellsTheParts) {
    const auto result = read_config("{\"arp\":\n {\"attempts\": 50}}", "etc/c.json");
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_EQ(result.problems[0], (Problem{"etc/c.json",
                                           {2, 15},
                                           "arp.attempts",
                                           "50",
                                           "50 should be a whole number from 1 to 10"}));
    EXPECT_EQ(nlohmann::json(result.problems[0]),
              parse_json(R"({"file": "etc/c.json", "line": 2, "column": 15,
                  "path": "arp.attempts", "value": "50",
                  "message": "50 should be a whole number from 1 to 10"})"));
}

TEST(ReadConfig, TellsWhatIsNoObject) {
    EXPECT_THAT(told("[]"),
                ElementsAre("c.json:1: [] should be an object, as in { \"interfaces\": {} }"));
    EXPECT_THAT(told("null"), ElementsAre(HasSubstr("null should be an object")));
    EXPECT_THAT(told(R"({"arp": [], "routes": {}, "interfaces": 7})"),
                ElementsAre("c.json:1: arp: [] should be an object",
                            "c.json:1: routes: {} should be a list",
                            "c.json:1: interfaces: 7 should be an object"));
}

TEST(ReadConfig, TellsAnUnknownSectionTheNearest) {
    EXPECT_THAT(
        told("{\n\"route\": []}"),
        ElementsAre("c.json:2: route: there is no \"route\" here; did you mean \"routes\"?"));
}

TEST(ReadConfig, TellsAllMistakesAtOnceInTheOrderOfTheFile) {
    EXPECT_THAT(
        told(R"({
  "dataplane": { "workers": 0, "poling": "busy" },
  "interfaces": {
    "wan": { "device": "0000:00:06.0", "addresses": ["203.0.113.2/24"], "mtu": 20 },
    "lan": { "device": "0000:00:06.0", "addresses": ["10.0.0.1/24", "203.0.113.9/28"] },
    "Dmz": { "addresses": [] }
  },
  "neighbours": [
    { "interface": "lan", "address": "10.0.1.9", "mac": "03:00:00:00:00:01" }
  ],
  "routes": [
    { "prefix": "0.0.0.0/0", "via": "203.0.114.1" },
    { "prefix": "10.8.0.5/16", "via": ["10.0.0.2", "10.0.0.1"] },
    { "prefix": "10.9.0.0/16", "interface": "lab" },
    { "prefix": "10.9.0.0/16", "type": "blackhole", "via": "10.0.0.2" }
  ],
  "arp": { "attempts": "three" }
})"),
        ElementsAre(
            "c.json:2: dataplane.workers: 0 should be \"auto\" or a whole number from 1 to 32",
            "c.json:2: dataplane.poling: there is no \"poling\" here; did you mean \"polling\"?",
            "c.json:4: interfaces.wan.device: \"0000:00:06.0\" is already the device of lan (line "
            "5)",
            "c.json:4: interfaces.wan.addresses[0]: \"203.0.113.2/24\" overlaps \"203.0.113.9/28\" "
            "of lan (line 5)",
            "c.json:4: interfaces.wan.mtu: 20 should be a whole number from 68 to 9216",
            "c.json:6: interfaces.Dmz: \"Dmz\" should be a name of an interface: a letter a-z, "
            "then at most 14 of a-z, 0-9, '_', '.' and '-'",
            "c.json:6: interfaces.Dmz: lacks \"device\": a PCI address such as 0000:00:06.0, or a "
            "DPDK device argument such as net_tap0,iface=tap0",
            "c.json:9: neighbours[0].address: \"10.0.1.9\" is not in lan's network 10.0.0.0/24 or "
            "203.0.113.0/28",
            "c.json:9: neighbours[0].mac: \"03:00:00:00:00:01\" is a multicast address; one "
            "station's address has an even first byte, such as 02:00:00:00:00:01",
            "c.json:12: routes[0].via: \"203.0.114.1\" is in no interface's network; there are lan "
            "10.0.0.1/24, lan 203.0.113.9/28 and wan 203.0.113.2/24",
            "c.json:13: routes[1].prefix: \"10.8.0.5/16\" has host bits set; did you mean "
            "\"10.8.0.0/16\"?",
            "c.json:13: routes[1].via[1]: \"10.0.0.1\" is the router's own address, on lan",
            "c.json:14: routes[2].interface: there is no interface \"lab\"; did you mean \"lan\"?",
            "c.json:15: routes[3].prefix: \"10.9.0.0/16\" already has a route (line 14)",
            "c.json:15: routes[3].via: a blackhole route drops its packets and has no \"via\"",
            "c.json:17: arp.attempts: \"three\" should be a whole number from 1 to 10"));
}

TEST(ReadConfig, ReadsAHundredThousandRoutes) {
    std::string text = "\"routes\": [";
    for (int i = 0; i < 100'000; ++i) {
        text += fmt::format("{}{{\"prefix\":\"11.{}.{}.{}/32\",\"via\":\"10.0.0.2\"}}",
                            i > 0 ? ",\n" : "", i >> 16, i >> 8 & 255, i & 255);
    }
    EXPECT_EQ(accepted(router_with(text + "]")).routes.size(), 100'000U);
}

TEST(ReadConfig, ReadsAFile) {
    const std::string name = testing::TempDir() + "sluice-read-test.json";
    std::ofstream(name) << "{\"arp\": {\n\"attempts\": 50}}";
    const auto result = read_config_file(name);
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_EQ(to_string(result.problems[0]),
              name + ":2: arp.attempts: 50 should be a whole number from 1 to 10");
    std::remove(name.c_str());
}

TEST(ReadConfig, TellsAFileThatCannotBeRead) {
    const auto missing = read_config_file("/nonexistent/c.json");
    ASSERT_EQ(missing.problems.size(), 1U);
    EXPECT_EQ(to_string(missing.problems[0]),
              "/nonexistent/c.json: cannot be read: No such file or directory");
    const auto folder = read_config_file("/");
    ASSERT_EQ(folder.problems.size(), 1U);
    EXPECT_EQ(to_string(folder.problems[0]), "/: cannot be read: Is a directory");
}

// Any damage to a good text gives a result, never an exception, a hang or a read out of bounds.
TEST(ReadConfig, GivesAResultWhateverTheText) {
    const std::string good = router_with(R"("neighbours": [{"interface": "lan",
        "address": "10.0.0.9", "mac": "02:00:00:00:00:09"}], "arp": {"attempts": 3},
        "dataplane": {"workers": "auto", "cores": [1, 2]},
        "routes": [{"prefix": "0.0.0.0/0", "via": ["203.0.113.1"], "type": "unicast"}])");
    constexpr std::string_view pieces[] = {"{",  "}",    "[",   "]",   ",",       ":",
                                           "\"", "null", "-1",  "1e9", "\\u0000", "true",
                                           "\n", "\xff", "0.5", "/0",  "9999"};
    std::mt19937 random(1);
    for (int i = 0; i < 3000; ++i) {
        std::string text = good;
        for (unsigned changes = random() % 4 + 1; changes > 0; --changes) {
            const size_t at = random() % text.size();
            text.replace(at, random() % 8, pieces[random() % std::size(pieces)]);
        }
        const auto result = read_config(text, "c.json");
        ASSERT_EQ(result.config.has_value(), result.problems.empty()) << text;
        for (const Problem& problem : result.problems) {
            EXPECT_GT(problem.position.line, 0U) << to_string(problem) << "\n" << text;
        }
        ASSERT_NO_THROW(nlohmann::json(result.problems).dump()) << text;
    }
}

}  // namespace
}  // namespace sluice::config
