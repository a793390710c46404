// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/schema.h"

#include "control/config/sections.h"
#include "test/control/config/told.h"

namespace sluice::config {
namespace {

using nlohmann::json;

// A document that has each kind of thing once, with nothing written that may be left out.
const char* const sparse = R"({
    "interfaces": {"lan": {"device": "net_tap0", "addresses": ["10.0.0.1/24"]}},
    "neighbours": [{"interface": "lan", "address": "10.0.0.9", "mac": "02:00:00:00:00:09"}],
    "multicast": {"interfaces": {"lan": {}}},
    "routes": [{"prefix": "192.0.2.0/24", "via": "10.0.0.2"},
               {"prefix": "192.0.3.0/24", "interface": "lan"}],
    "nat": [{"type": "source", "out": "lan", "to": "interface"},
            {"type": "static", "external": "192.0.2.9", "internal": "10.0.0.9"},
            {"type": "forward", "in": "lan", "out": "lan", "protocol": "tcp", "port": 80,
             "to": ["10.0.0.8", {"address": "10.0.0.9:81"}], "source": "interface"},
            {"type": "dynamic", "to": "192.0.2.16/28"},
            {"type": "exempt"}]})";

TEST(Schema, HasTheModelsDefaults) {
    const std::string written_out = with_defaults(parse_json(sparse)).dump();
    EXPECT_THAT(written_out, HasSubstr("\"mtu\":1500"));
    EXPECT_EQ(accepted(written_out), accepted(sparse));
    EXPECT_EQ(accepted(with_defaults(json::object()).dump()), Config{});
}

TEST(Schema, HasADescriptionAndADefaultForEveryKeyThatMayBeLeftOut) {
    const auto check = [](const auto& self, const json& node, const std::string& path) -> void {
        const json members = node.value("properties", json::object());
        const json required = node.value("required", json::array());
        for (const auto& [name, member] : members.items()) {
            const bool is_required =
                std::find(required.begin(), required.end(), name) != required.end();
            EXPECT_NE(member.value("description", ""), "") << path << name;
            EXPECT_NE(member.contains("default"), is_required) << path << name;
            EXPECT_TRUE(member["type"].is_string() || member.contains("x-expects")) << path << name;
            self(self, member, path + name + ".");
        }
        if (node.contains("properties")) {
            EXPECT_EQ(node.value("additionalProperties", true), false) << path;
        }
        const json kinds = node.value("definitions", json::object());
        for (const auto& [name, kind] : kinds.items()) self(self, kind, name + ".");
    };
    check(check, schema(), "");
}

TEST(Schema, HasExactlyTheSectionsThatAreRead) {
    std::vector<std::string> of_schema, read;
    for (const auto& item : schema()["properties"].items()) {
        if (item.key() != "$schema") of_schema.push_back(item.key());
    }
    for (const Section& section : sections()) read.emplace_back(section.name);
    EXPECT_THAT(of_schema, ::testing::UnorderedElementsAreArray(read));
}

TEST(Schema, HasTheModelsLimits) {
    EXPECT_EQ(schema()["properties"]["interfaces"]["maxProperties"], max_ports);
    EXPECT_EQ(schema()["properties"]["routes"]["maxItems"], max_routes);
    EXPECT_EQ(schema()["definitions"]["route"]["properties"]["via"]["maxItems"], max_next_hops);
    EXPECT_EQ(schema()["definitions"]["interface"]["properties"]["addresses"]["maxItems"],
              max_addresses);
    EXPECT_EQ(schema()["properties"]["nat"]["maxItems"], max_nat_rules);
    const json& rule = schema()["definitions"]["nat_rule"]["properties"];
    EXPECT_EQ(rule["to"]["maxItems"], max_nat_targets);
    EXPECT_EQ(rule["from"]["maxItems"], max_nat_ranges);
}

TEST(Schema, AcceptsItsOwnDefaults) {
    Mistakes mistakes;
    const json full = with_defaults(parse_json(sparse));
    check_against_schema(full, mistakes);
    EXPECT_FALSE(mistakes.any_about(full));
    EXPECT_THAT(told(full.dump()), IsEmpty());
}

TEST(Schema, LeavesOutWhatIsDefault) {
    const json document = parse_json(R"({"interfaces": {"lan": {"device": "net_tap0", "mtu": 1500,
        "addresses": []}}, "arp": {"attempts": 3}, "routes": []})");
    EXPECT_EQ(without_defaults(document, schema()),
              parse_json(R"({"interfaces": {"lan": {"device": "net_tap0"}}})"));
}

TEST(Schema, IsPublishedAsTheFileIs) { EXPECT_EQ(parse_json(schema_source()), schema()); }

}  // namespace
}  // namespace sluice::config
