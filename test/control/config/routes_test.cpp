// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

std::vector<std::string> told_of_route(const std::string& members) {
    return told(router_with("\"routes\": [{" + members + "}]"));
}

TEST(Routes, AreReadWhole) {
    const auto routes = accepted(router_with(R"("routes": [
        {"prefix": "0.0.0.0/0", "via": "203.0.113.1", "description": "uplink"},
        {"prefix": "10.8.0.0/16", "via": ["10.0.0.2", "10.0.0.3"], "interface": "lan"},
        {"prefix": "10.9.0.0/16", "interface": "wan"},
        {"prefix": "192.0.2.0/24", "type": "blackhole"},
        {"prefix": "192.0.3.0/24", "type": "unreachable"},
        {"prefix": "192.0.4.0/24", "type": "prohibit"}])"))
                            .routes;
    ASSERT_EQ(routes.size(), 6U);
    EXPECT_EQ(routes[0].prefix, (net::Ipv4Prefix{{}, 0}));
    EXPECT_THAT(routes[0].via, ElementsAre(net::addr(203, 0, 113, 1)));
    EXPECT_EQ(routes[0].description, "uplink");
    EXPECT_THAT(routes[1].via, ElementsAre(net::addr(10, 0, 0, 2), net::addr(10, 0, 0, 3)));
    EXPECT_EQ(routes[1].interface, "lan");
    EXPECT_THAT(routes[2].via, IsEmpty());
    EXPECT_EQ(routes[2].interface, "wan");
    EXPECT_EQ(routes[2].type, RouteType::unicast);
    EXPECT_EQ(routes[3].type, RouteType::blackhole);
    EXPECT_EQ(routes[4].type, RouteType::unreachable);
    EXPECT_EQ(routes[5].type, RouteType::prohibit);
}

TEST(Routes, WithHostBitsAreToldThePrefixThatWasMeant) {
    EXPECT_THAT(told_of_route(R"("prefix": "10.0.0.1/8", "via": "10.0.0.2")"),
                ElementsAre("c.json:3: routes[0].prefix: \"10.0.0.1/8\" has host bits set; did you "
                            "mean \"10.0.0.0/8\"?"));
}

TEST(Routes, WithTextThatIsNoPrefixAreToldWhatOneIs) {
    for (const auto& [text, what] : {std::pair{"default", "IPv4 or IPv6"},
                                     {"10.0.0.0", "IPv4 or IPv6"},
                                     {"10.0.0.0/33", "IPv4"},
                                     {"10.0.0.256/32", "IPv4"}}) {
        EXPECT_THAT(
            told_of_route(fmt::format(R"("prefix": "{}", "via": "10.0.0.2")", text)),
            ElementsAre(fmt::format(
                "c.json:3: routes[0].prefix: \"{}\" should be an {} prefix such as 192.0.2.0/24",
                text, what)));
    }
    EXPECT_THAT(told_of_route(R"("via": "10.0.0.2")"),
                ElementsAre("c.json:3: routes[0]: lacks \"prefix\": an IPv4 or IPv6 prefix such as "
                            "192.0.2.0/24"));
}

TEST(Routes, ToAPrefixThatHasOneAreTold) {
    EXPECT_THAT(
        told(router_with("\"routes\": [\n{\"prefix\": \"10.8.0.0/16\", \"via\": \"10.0.0.2\"},\n"
                         "{\"prefix\": \"10.8.0.0/16\", \"via\": \"10.0.0.3\"}]")),
        ElementsAre("c.json:5: routes[1].prefix: \"10.8.0.0/16\" already has a route (line 4)"));
}

TEST(Routes, ViaAnAddressInNoNetworkAreToldWhichNetworksThereAre) {
    EXPECT_THAT(told_of_route(R"("prefix": "10.8.0.0/16", "via": "10.0.9.1")"),
                ElementsAre("c.json:3: routes[0].via: \"10.0.9.1\" is in no interface's network; "
                            "there are lan 10.0.0.1/24 and wan 203.0.113.2/24"));
}

TEST(Routes, ViaAnAddressInNoNetworkMayNameTheInterface) {
    EXPECT_THAT(told_of_route(R"("prefix": "10.8.0.0/16", "via": "10.0.9.1", "interface": "lan")"),
                IsEmpty());
}

TEST(Routes, ViaAnotherInterfacesNetworkThanTheyNameAreTold) {
    EXPECT_THAT(told_of_route(R"("prefix": "10.8.0.0/16", "via": "10.0.0.2", "interface": "wan")"),
                ElementsAre("c.json:3: routes[0].via: \"10.0.0.2\" is in lan's network "
                            "10.0.0.0/24, but the route leaves by wan"));
}

TEST(Routes, ViaAnAddressNoNextHopCanHaveAreToldWhy) {
    const std::string at = "c.json:3: routes[0].via: ";
    EXPECT_THAT(told_of_route(R"("prefix": "10.8.0.0/16", "via": "10.0.0.1")"),
                ElementsAre(at + "\"10.0.0.1\" is the router's own address, on lan"));
    EXPECT_THAT(told_of_route(R"("prefix": "10.8.0.0/16", "via": "10.0.0.255")"),
                ElementsAre(at + "\"10.0.0.255\" is the broadcast address of 10.0.0.0/24"));
    EXPECT_THAT(told_of_route(R"("prefix": "10.8.0.0/16", "via": "239.1.1.1")"),
                ElementsAre(at + "\"239.1.1.1\" is a multicast address"));
    EXPECT_THAT(
        told_of_route(R"("prefix": "10.8.0.0/16", "via": "gateway")"),
        ElementsAre(
            at +
            "\"gateway\" should be an IPv4 or IPv6 address such as 192.0.2.1, or a list of them"));
}

TEST(Routes, WithAWrongNextHopAmongSeveralAreToldWhich) {
    EXPECT_THAT(
        told_of_route(R"("prefix": "10.8.0.0/16", "via": ["10.0.0.2", "10.0.0.2", 7, "x"])"),
        ElementsAre(
            "c.json:3: routes[0].via[1]: \"10.0.0.2\" stands here twice",
            "c.json:3: routes[0].via[2]: 7 should be an IPv4 or IPv6 address such as 192.0.2.1",
            "c.json:3: routes[0].via[3]: \"x\" should be an IPv4 or IPv6 address such as "
            "192.0.2.1"));
}

TEST(Routes, HaveAtMost64NextHops) {
    std::string via;
    for (int i = 2; i < 67; ++i) via += fmt::format("{}\"10.0.0.{}\"", i > 2 ? "," : "", i);
    EXPECT_THAT(told_of_route(R"("prefix": "10.8.0.0/16", "via": [)" + via + "]"),
                ElementsAre("c.json:3: routes[0].via: has 65 entries; at most 64 are allowed"));
}

TEST(Routes, WithoutAWayAreToldWhatOneIs) {
    for (const char* members :
         {R"("prefix": "10.8.0.0/16")", R"("prefix": "10.8.0.0/16", "via": [])"}) {
        EXPECT_THAT(
            told_of_route(members),
            ElementsAre(
                "c.json:3: routes[0]: lacks a way: \"via\" a next hop, or the \"interface\" "
                "that the destinations are neighbours on"));
    }
}

TEST(Routes, ThatDropAndYetHaveAWayAreTold) {
    EXPECT_THAT(
        told_of_route(R"("prefix": "10.8.0.0/16", "type": "blackhole", "via": "10.0.0.2")"),
        ElementsAre(
            "c.json:3: routes[0].via: a blackhole route drops its packets and has no \"via\""));
    EXPECT_THAT(told_of_route(R"("prefix": "10.8.0.0/16", "type": "prohibit", "interface": "lan")"),
                ElementsAre("c.json:3: routes[0].interface: a prohibit route drops its packets and "
                            "has no \"interface\""));
}

TEST(Routes, OfAnUnknownTypeAreToldTheKnownOnes) {
    EXPECT_THAT(told_of_route(R"("prefix": "10.8.0.0/16", "type": "drop")"),
                ElementsAre("c.json:3: routes[0].type: \"drop\" should be \"unicast\", "
                            "\"blackhole\", \"unreachable\" or \"prohibit\""));
}

TEST(Routes, ThroughAnUnknownInterfaceAreToldTheNearest) {
    EXPECT_THAT(
        told_of_route(R"("prefix": "10.8.0.0/16", "interface": "wam")"),
        ElementsAre(
            "c.json:3: routes[0].interface: there is no interface \"wam\"; did you mean \"wan\"?"));
    EXPECT_THAT(
        told("{\"routes\": [{\"prefix\": \"10.8.0.0/16\", \"interface\": \"wan\"}]}"),
        ElementsAre(
            "c.json:1: routes[0].interface: there is no interface \"wan\"; there are none"));
}

TEST(Routes, AreNotBlamedForAnInterfacesWrongAddress) {
    EXPECT_THAT(told("{\"interfaces\": {\"lan\": {\"device\": \"net_tap0\", \"addresses\": "
                     "[\"10.0.0.0/24\"]}},\n"
                     "\"routes\": [{\"prefix\": \"0.0.0.0/0\", \"via\": \"10.0.0.2\"}]}"),
                ElementsAre(HasSubstr("c.json:1: interfaces.lan.addresses[0]: ")));
}

TEST(Routes, AreStillCheckedAgainstTheNetworksThatAreRight) {
    EXPECT_THAT(told("{\"interfaces\": {\"wan\": {\"device\": \"net_tap0\", \"addresses\": "
                     "[\"10.0.0.0/24\", \"10.1.0.1/24\"]}},\n"
                     "\"routes\": [{\"prefix\": \"0.0.0.0/0\", \"via\": \"10.1.0.255\"}]}"),
                ElementsAre(HasSubstr("c.json:1: interfaces.wan.addresses[0]: "),
                            "c.json:2: routes[0].via: \"10.1.0.255\" is the broadcast address of "
                            "10.1.0.0/24"));
}

TEST(Routes, AreAtMost100000) {
    std::string text = "\"routes\": [";
    for (int i = 0; i < 100'001; ++i) {
        text += fmt::format("{}{{\"prefix\":\"11.{}.{}.{}/32\",\"via\":\"10.0.0.2\"}}",
                            i > 0 ? "," : "", i >> 16, i >> 8 & 255, i & 255);
    }
    EXPECT_THAT(told(router_with(text + "]")),
                ElementsAre("c.json:3: routes: has 100001 entries; at most 100000 are allowed"));
}

}  // namespace
}  // namespace sluice::config
