// SPDX-License-Identifier: BSD-3-Clause
// IPv6 addresses among those of interfaces and tunnels, and IPv6 prefixes among the routes.
#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

// lan 2001:db8:1::1/64 and an interface without IPv6 on line 2; more on line 3.
std::string router6_with(const std::string& more) {
    return R"({"interfaces": {)"
           "\n"
           R"("lan": {"device": "net_tap0", "addresses": ["10.0.0.1/24", "2001:db8:1::1/64"]}, )"
           R"("old": {"device": "net_tap1", "addresses": ["203.0.113.2/24"]}},)"
           "\n" +
           more + "}";
}
std::vector<std::string> told_of_lan_with(const std::string& address,
                                          const std::string& more = "") {
    return told("{\"interfaces\": {\n\"lan\": {\"device\": \"net_tap0\", \"addresses\": [\"" +
                address + "\"]" + more + "}}}");
}
std::vector<std::string> told_of_route6(const std::string& members) {
    return told(router6_with("\"routes\": [{" + members + "}]"));
}
const std::string at_lan_address = "c.json:2: interfaces.lan.addresses[0]: ";
const std::string at_via_of_route6 = "c.json:3: routes[0].via: ";

TEST(Ipv6Config, AddressesStandAmongThoseOfIpv4) {
    const Config config = accepted(router6_with("\"routes\": []"));
    const Interface& lan = config.interfaces[0];
    ASSERT_EQ(lan.addresses.size(), 1u);
    ASSERT_EQ(lan.addresses6.size(), 1u);
    EXPECT_EQ(net::to_string(lan.addresses6[0]), "2001:db8:1::1/64");
    EXPECT_TRUE(config.interfaces[1].addresses6.empty());
}

TEST(Ipv6Config, TextThatIsNoAddressIsTold) {
    for (const char* text : {"2001:db8::1", "2001:db8::1/129", "2001:db8:::1/64", "::1.2.3/64"}) {
        const auto lines = told_of_lan_with(text);
        ASSERT_EQ(lines.size(), 1u) << text;
        EXPECT_THAT(lines[0], HasSubstr(fmt::format("\"{}\" should be an IPv", text)));
    }
}

TEST(Ipv6Config, AddressesThatNoHostHasAreToldWhy) {
    for (const auto& [text, why] :
         {std::pair{"ff02::1/64", "is a multicast address"},
          {"fe80::1/64", "is link-local: each port makes its own of its MAC address"},
          {"::/128", "is no host's"},
          {"::1/128", "is the loopback address"},
          {"::ffff:10.0.0.1/128", "is an IPv4 address in the form of IPv6, which is no host's"},
          {"2001:db8::1/0", "has length 0, which is every network there is"},
          {"2001:db8::/64", "is the address of all routers of 2001:db8::/64 (RFC 4291 2.6.1)"}}) {
        EXPECT_THAT(told_of_lan_with(text),
                    ElementsAre(fmt::format("{}\"{}\" {}", at_lan_address, text, why)));
    }
    // RFC 6164: on a link between two routers each of the two addresses is a host's.
    EXPECT_THAT(told_of_lan_with("2001:db8::/127"), IsEmpty());
}

TEST(Ipv6Config, NoTwoInterfacesHaveOneNetwork) {
    const auto two = [](const char* first, const char* second) {
        return told(
            fmt::format("{{\"interfaces\": {{\n"
                        "\"a\": {{\"device\": \"net_tap0\", \"addresses\": [\"{}\"]}},\n"
                        "\"b\": {{\"device\": \"net_tap1\", \"addresses\": [\"{}\"]}}}}}}",
                        first, second));
    };
    EXPECT_THAT(two("2001:db8::1/64", "2001:db8::1/64"),
                ElementsAre("c.json:3: interfaces.b.addresses[0]: \"2001:db8::1/64\" is already an "
                            "address of a (line 2)"));
    EXPECT_THAT(two("2001:db8::1/48", "2001:db8:0:5::1/64"),
                ElementsAre("c.json:3: interfaces.b.addresses[0]: \"2001:db8:0:5::1/64\" overlaps "
                            "\"2001:db8::1/48\" of a (line 2)"));
}

TEST(Ipv6Config, NeedsAnMtuOf1280) {
    EXPECT_THAT(told_of_lan_with("2001:db8::1/64", ", \"mtu\": 1279"),
                ElementsAre("c.json:2: interfaces.lan: has an IPv6 address, and an MTU of 1279; "
                            "IPv6 needs 1280"));
    EXPECT_THAT(told_of_lan_with("2001:db8::1/64", ", \"mtu\": 1280"), IsEmpty());
}

TEST(Ipv6Config, ARouterAdvertisesOnlyWithAnAddress) {
    EXPECT_THAT(told_of_lan_with("10.0.0.1/24", ", \"router_advertisements\": true"),
                ElementsAre("c.json:2: interfaces.lan.router_advertisements: needs an IPv6 address "
                            "on this interface to tell hosts of"));
    const Config config = accepted(
        R"({"interfaces": {"lan": {"device": "net_tap0", "addresses": ["2001:db8::1/64"],
            "router_advertisements": true}}})");
    EXPECT_TRUE(config.interfaces[0].router_advertisements);
}

TEST(Ipv6Config, RoutesStandAmongThoseOfIpv4) {
    const Config config = accepted(router6_with(
        R"("routes": [{"prefix": "::/0", "via": "2001:db8:1::9"},
                      {"prefix": "2001:db8:2::/48", "via": "fe80::5", "interface": "lan"},
                      {"prefix": "10.8.0.0/16", "via": "10.0.0.2"},
                      {"prefix": "2001:db8:3::/48", "type": "unreachable"},
                      {"prefix": "2001:db8:4::/48", "interface": "lan"}])"));
    ASSERT_EQ(config.routes.size(), 1u);
    ASSERT_EQ(config.routes6.size(), 4u);
    EXPECT_EQ(net::to_string(config.routes6[0].prefix), "::/0");
    EXPECT_EQ(net::to_string(*config.routes6[0].via), "2001:db8:1::9");
    EXPECT_EQ(config.routes6[0].interface, "lan");
    EXPECT_EQ(net::to_string(*config.routes6[1].via), "fe80::5");
    EXPECT_EQ(config.routes6[2].type, RouteType::unreachable);
    EXPECT_FALSE(config.routes6[3].via);
}

TEST(Ipv6Config, RoutesWithAWrongPrefixAreTold) {
    EXPECT_THAT(told_of_route6(R"("prefix": "2001:db8:9::1/48", "via": "2001:db8:1::9")"),
                ElementsAre("c.json:3: routes[0].prefix: \"2001:db8:9::1/48\" has host bits set; "
                            "did you mean \"2001:db8:9::/48\"?"));
    EXPECT_THAT(told_of_route6(R"("prefix": "2001:db8:9::/129", "via": "2001:db8:1::9")"),
                ElementsAre("c.json:3: routes[0].prefix: \"2001:db8:9::/129\" should be an IPv6 "
                            "prefix such as 2001:db8::/32"));
    EXPECT_THAT(told(router6_with("\"routes\": [{\"prefix\": \"::/0\", \"type\": \"blackhole\"},\n"
                                  "{\"prefix\": \"::/0\", \"type\": \"prohibit\"}]")),
                ElementsAre("c.json:4: routes[1].prefix: \"::/0\" already has a route (line 3)"));
}

TEST(Ipv6Config, RoutesWithAWrongNextHopAreToldWhy) {
    const auto via = [](const std::string& text, const std::string& more = "") {
        return told_of_route6(
            fmt::format(R"("prefix": "2001:db8:9::/48", "via": {}{})", text, more));
    };
    EXPECT_THAT(via("\"fe80::5\""),
                ElementsAre(at_via_of_route6 +
                            "\"fe80::5\" is link-local, so the route needs its \"interface\""));
    EXPECT_THAT(
        via("\"2001:db8:1::1\""),
        ElementsAre(at_via_of_route6 + "\"2001:db8:1::1\" is the router's own address, on lan"));
    EXPECT_THAT(
        via("\"2001:db8:7::1\""),
        ElementsAre(at_via_of_route6 + "\"2001:db8:7::1\" is in no interface's IPv6 network"));
    EXPECT_THAT(via("\"ff02::1\""),
                ElementsAre(at_via_of_route6 + "\"ff02::1\" is a multicast address"));
    EXPECT_THAT(via("\"10.0.0.2\""),
                ElementsAre(at_via_of_route6 +
                            "\"10.0.0.2\" should be an IPv6 address such as 2001:db8::1"));
    EXPECT_THAT(via(R"(["2001:db8:1::8", "2001:db8:1::9"])"),
                ElementsAre(at_via_of_route6 + "an IPv6 route has one next hop"));
    EXPECT_THAT(via("\"2001:db8:1::9\"", ", \"interface\": \"old\""),
                ElementsAre("c.json:3: routes[0].interface: old has no IPv6 address, so it speaks "
                            "none"));
}

TEST(Ipv6Config, RoutesWithoutAWayAreTold) {
    EXPECT_THAT(told_of_route6(R"("prefix": "2001:db8:9::/48")"),
                ElementsAre(HasSubstr("routes[0]: lacks a way")));
    EXPECT_THAT(told_of_route6(R"("prefix": "::/0", "type": "blackhole", "interface": "lan")"),
                ElementsAre("c.json:3: routes[0].interface: a blackhole route drops its packets "
                            "and has no way"));
}

TEST(Ipv6Config, AnIpv4RouteHasNoIpv6NextHop) {
    EXPECT_THAT(told_of_route6(R"("prefix": "10.8.0.0/16", "via": "2001:db8:1::9")"),
                ElementsAre(at_via_of_route6 +
                            "\"2001:db8:1::9\" should be an IPv4 address such as 192.0.2.1"));
}

TEST(Ipv6Config, TunnelsHaveAddressesToo) {
    const Config config = accepted(router6_with(
        R"("tunnels": {"there": {"type": "ipip", "local": "203.0.113.2", "remote": "198.51.100.9",
                                 "mtu": 1000, "addresses": ["2001:db8:aa::1/64"]}},
           "routes": [{"prefix": "2001:db8:9::/48", "interface": "there"}])"));
    EXPECT_EQ(net::to_string(find_interface(config, "there")->addresses6[0]), "2001:db8:aa::1/64");
    EXPECT_EQ(config.routes6[0].interface, "there");
}

}  // namespace
}  // namespace sluice::config
