// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

std::vector<std::string> told_of(const std::string& interface, const std::string& address,
                                 const std::string& mac = "02:00:00:00:00:09") {
    return told(router_with(
        fmt::format(R"("neighbours": [{{"interface": "{}", "address": "{}", "mac": "{}"}}])",
                    interface, address, mac)));
}

TEST(Neighbours, AreReadWhole) {
    const auto config = accepted(router_with(
        R"("neighbours": [{"interface": "lan", "address": "10.0.0.9", "mac": "02:00:00:00:00:09"}])"));
    ASSERT_EQ(config.neighbours.size(), 1U);
    EXPECT_EQ(config.neighbours[0].interface, "lan");
    EXPECT_EQ(config.neighbours[0].address, net::addr(10, 0, 0, 9));
    EXPECT_EQ(config.neighbours[0].mac, net::parse_mac("02:00:00:00:00:09"));
}

TEST(Neighbours, OfAnUnknownInterfaceAreToldTheNearest) {
    EXPECT_THAT(told_of("lam", "10.0.0.9"),
                ElementsAre("c.json:3: neighbours[0].interface: there is no interface \"lam\"; did "
                            "you mean \"lan\"?"));
    EXPECT_THAT(told_of("dmz", "10.0.0.9"),
                ElementsAre("c.json:3: neighbours[0].interface: there is no interface \"dmz\"; "
                            "there are lan and wan"));
}

TEST(Neighbours, OutsideTheInterfacesNetworksAreTold) {
    EXPECT_THAT(told_of("lan", "203.0.113.9"),
                ElementsAre("c.json:3: neighbours[0].address: \"203.0.113.9\" is not in lan's "
                            "network 10.0.0.0/24"));
}

TEST(Neighbours, WithAnAddressNoNeighbourCanHaveAreToldWhy) {
    const std::string at = "c.json:3: neighbours[0].address: ";
    EXPECT_THAT(told_of("lan", "10.0.0.1"),
                ElementsAre(at + "\"10.0.0.1\" is the router's own address"));
    EXPECT_THAT(told_of("lan", "10.0.0.255"),
                ElementsAre(at + "\"10.0.0.255\" is the broadcast address of 10.0.0.0/24"));
    EXPECT_THAT(told_of("lan", "224.0.0.1"),
                ElementsAre(at + "\"224.0.0.1\" is a multicast address"));
    EXPECT_THAT(told_of("lan", "10.0.0.400"),
                ElementsAre(at + "\"10.0.0.400\" should be an IPv4 address such as 192.0.2.1"));
}

TEST(Neighbours, WithAMacThatIsAGroupsAreTold) {
    const std::string even =
        "; one station's address has an even first byte, such as 02:00:00:00:00:01";
    EXPECT_THAT(
        told_of("lan", "10.0.0.9", "ff:ff:ff:ff:ff:ff"),
        ElementsAre("c.json:3: neighbours[0].mac: \"ff:ff:ff:ff:ff:ff\" is the broadcast address" +
                    even));
    EXPECT_THAT(
        told_of("lan", "10.0.0.9", "33:33:00:00:00:01"),
        ElementsAre("c.json:3: neighbours[0].mac: \"33:33:00:00:00:01\" is a multicast address" +
                    even));
}

TEST(Neighbours, ThatStandTwiceAreTold) {
    EXPECT_THAT(
        told(router_with(
            "\"neighbours\": [\n"
            R"({"interface": "lan", "address": "10.0.0.9", "mac": "02:00:00:00:00:09"},)"
            "\n"
            R"({"interface": "lan", "address": "10.0.0.9", "mac": "02:00:00:00:00:0a"}])")),
        ElementsAre(
            "c.json:5: neighbours[1].address: \"10.0.0.9\" already has its MAC address (line 4)"));
}

TEST(Neighbours, ThatLackSomethingAreToldWhat) {
    EXPECT_THAT(
        told(router_with(R"("neighbours": [{"address": "10.0.0.9"}])")),
        ElementsAre(
            "c.json:3: neighbours[0]: lacks \"interface\": the name of an interface",
            "c.json:3: neighbours[0]: lacks \"mac\": a MAC address such as 02:00:00:00:00:01"));
}

TEST(Neighbours, AreNotBlamedForAnInterfacesWrongAddress) {
    EXPECT_THAT(
        told(
            "{\"interfaces\": {\"lan\": {\"device\": \"net_tap0\", \"addresses\": "
            "[\"10.0.0.1/33\"]}},\n"
            R"("neighbours": [{"interface": "lan", "address": "10.0.0.9", "mac": "02:00:00:00:00:09"}]})"),
        ElementsAre(HasSubstr("c.json:1: interfaces.lan.addresses[0]: ")));
}

}  // namespace
}  // namespace sluice::config
