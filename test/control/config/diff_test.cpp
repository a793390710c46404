// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/diff.h"

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

using nlohmann::json;

std::vector<std::string> differ(const std::string& before, const std::string& after) {
    std::vector<std::string> lines;
    for (const Difference& difference : differences(parse_json(before), parse_json(after))) {
        lines.push_back(to_string(difference));
    }
    return lines;
}

TEST(Differences, AreNoneBetweenAConfigAndItself) {
    EXPECT_THAT(differ(router_with(R"("arp": {})"), router_with(R"("arp": {})")), IsEmpty());
}

TEST(Differences, AreNoneWhereADefaultIsWrittenOut) {
    EXPECT_THAT(differ("{}", R"({"arp": {"attempts": 3}, "routes": [], "dataplane": {}})"),
                IsEmpty());
}

TEST(Differences, OfAValueShowBothEvenWhereOneIsTheDefault) {
    EXPECT_THAT(differ(R"({"interfaces": {"wan": {"device": "net_tap0"}}})",
                       R"({"interfaces": {"wan": {"device": "net_tap0", "mtu": 9001}}})"),
                ElementsAre("~ interfaces.wan.mtu: 1500 -> 9001"));
}

TEST(Differences, OfInterfacesAreToldByName) {
    EXPECT_THAT(differ(R"({"interfaces": {"lan": {"device": "net_tap0", "mtu": 1500}}})",
                       R"({"interfaces": {"wan": {"device": "net_tap0", "mtu": 1500}}})"),
                ElementsAre("- interfaces.lan: {\"device\":\"net_tap0\"}",
                            "+ interfaces.wan: {\"device\":\"net_tap0\"}"));
}

TEST(Differences, OfRoutesAreToldByPrefixWhateverTheirOrder) {
    EXPECT_THAT(differ(R"({"routes": [{"prefix": "10.0.0.0/8", "via": "192.0.2.1"},
                                      {"prefix": "11.0.0.0/8", "via": "192.0.2.1"},
                                      {"prefix": "12.0.0.0/8", "via": "192.0.2.1"}]})",
                       R"({"routes": [{"prefix": "13.0.0.0/8", "via": "192.0.2.1"},
                                      {"prefix": "12.0.0.0/8", "via": ["192.0.2.1"]},
                                      {"prefix": "10.0.0.0/8", "via": "192.0.2.9"}]})"),
                ElementsAre("~ routes[10.0.0.0/8].via: [\"192.0.2.1\"] -> [\"192.0.2.9\"]",
                            "- routes[11.0.0.0/8]: {\"via\":[\"192.0.2.1\"]}",
                            "+ routes[13.0.0.0/8]: {\"via\":[\"192.0.2.1\"]}"));
}

TEST(Differences, OfNeighboursAreToldByInterfaceAndAddress) {
    EXPECT_THAT(
        differ(
            R"({"neighbours": [{"interface": "lan", "address": "10.0.0.9", "mac": "02:00:00:00:00:09"}]})",
            R"({"neighbours": [{"interface": "lan", "address": "10.0.0.9", "mac": "02:00:00:00:00:0a"}]})"),
        ElementsAre(
            "~ neighbours[lan 10.0.0.9].mac: \"02:00:00:00:00:09\" -> \"02:00:00:00:00:0a\""));
}

TEST(Differences, OfAddressesAreToldOneByOne) {
    EXPECT_THAT(
        differ(
            R"({"interfaces": {"a": {"device": "net_tap0", "addresses": ["10.0.0.1/24", "10.1.0.1/24"]}}})",
            R"({"interfaces": {"a": {"device": "net_tap0", "addresses": ["10.1.0.1/24", "10.2.0.1/24"]}}})"),
        ElementsAre("- interfaces.a.addresses[10.0.0.1/24]: \"10.0.0.1/24\"",
                    "+ interfaces.a.addresses[10.2.0.1/24]: \"10.2.0.1/24\""));
}

TEST(Differences, ShowThatAnotherAddressIsTheFirst) {
    EXPECT_THAT(
        differ(
            R"({"interfaces": {"a": {"device": "net_tap0", "addresses": ["10.0.0.1/24", "10.0.0.2/24"]}}})",
            R"({"interfaces": {"a": {"device": "net_tap0", "addresses": ["10.0.0.2/24", "10.0.0.1/24"]}}})"),
        ElementsAre("~ interfaces.a.addresses: [\"10.0.0.1/24\",\"10.0.0.2/24\"] -> "
                    "[\"10.0.0.2/24\",\"10.0.0.1/24\"]"));
}

TEST(Differences, OfNatRulesAreToldByName) {
    EXPECT_THAT(
        differ(
            R"({"nat": [{"name": "out", "type": "source", "to": "203.0.113.9"},
                           {"type": "exempt", "from": "10.0.0.1"}]})",
            R"({"nat": [{"name": "out", "type": "source", "to": ["203.0.113.9"], "parity": false},
                           {"type": "exempt", "from": "10.0.0.2"},
                           {"name": "mail", "type": "static", "external": "203.0.113.8",
                            "internal": "10.0.0.8"}]})"),
        ElementsAre("~ nat[exempt-2].from: [\"10.0.0.1\"] -> [\"10.0.0.2\"]",
                    "+ nat[mail]: {\"external\":[\"203.0.113.8\"],\"internal\":\"10.0.0.8\","
                    "\"type\":\"static\"}",
                    "~ nat[out].parity: true -> false"));
}

TEST(Differences, OfNatRulesOrderAreTold) {
    EXPECT_THAT(
        differ(R"({"nat": [{"name": "a", "type": "exempt"}, {"name": "b", "type": "exempt"},
                                   {"name": "gone", "type": "exempt"}]})",
               R"({"nat": [{"name": "b", "type": "exempt"}, {"name": "a", "type": "exempt"}]})"),
        ElementsAre("- nat[gone]: {\"type\":\"exempt\"}", "~ nat: [\"a\",\"b\"] -> [\"b\",\"a\"]"));
}

TEST(Differences, AreJsonForTheApi) {
    const auto found = differences(json::object(), parse_json(R"({"arp": {"attempts": 5}})"));
    EXPECT_EQ(
        json(found),
        parse_json(R"([{"kind": "changed", "path": "arp.attempts", "before": 3, "after": 5}])"));
}

TEST(Differences, OfAHundredThousandRoutesTakeNoTimeToSpeakOf) {
    json before = {{"routes", json::array()}};
    for (unsigned i = 0; i < 100'000; ++i) {
        before["routes"].push_back(
            {{"prefix", net::to_string(net::Ipv4Prefix{{i << 8}, 24})}, {"via", "192.0.2.1"}});
    }
    json after = before;
    after["routes"].erase(500);
    EXPECT_EQ(differences(before, after).size(), 1U);
}

}  // namespace
}  // namespace sluice::config
