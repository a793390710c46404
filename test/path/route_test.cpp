// SPDX-License-Identifier: BSD-3-Clause
#include <map>

#include "test/path/network.h"

namespace sluice::test {
namespace {

class Routing : public BothWays {
  protected:
    std::unique_ptr<Network> with_routes(const std::string& routes) {
        auto result = std::make_unique<Network>(Wishes{.routes = routes});
        use_way(result->router);
        return result;
    }
    // Three gateways on three networks for 100.0.0.0/8.
    std::unique_ptr<Network> with_equal_paths() {
        auto net = with_routes(
            R"(, { "prefix": "100.0.0.0/8", "via": ["203.0.113.1", "172.16.0.9", "10.0.0.9"] })");
        return net;
    }
    static std::map<unsigned, std::string> paths_of_flows(TestRouter& router, unsigned flows) {
        std::map<unsigned, std::string> result;
        for (unsigned flow = 0; flow < flows; ++flow) {
            const auto sent =
                router.receives("wan", ipv4()
                                           .from("198.51.100.7")
                                           .to("100.1.2.3")
                                           .udp(static_cast<uint16_t>(1000 + flow), 53));
            if (sent.size() == 1) result[flow] = sent[0].interface;
        }
        return result;
    }
};
TEST_BOTH_WAYS(Routing);

TEST_P(Routing, PrefersTheLongestMatch) {
    REQUIREMENT("RFC 1812 5.2.4.3", "Of all routes that match, the longest is taken");
    const auto net = with_routes(R"(, { "prefix": "192.0.2.0/24", "via": "172.16.0.9" },
                                      { "prefix": "192.0.2.128/25", "via": "10.0.0.9" },
                                      { "prefix": "192.0.2.200/32", "via": "203.0.113.1" })");
    const auto leaves_by = [&](const char* to) {
        return only(net->router.receives("dmz", ipv4().from("198.51.100.7").to(to))).interface;
    };
    EXPECT_EQ(leaves_by("192.1.2.3"), "wan");
    EXPECT_EQ(leaves_by("192.0.2.200"), "wan");
    EXPECT_EQ(leaves_by("192.0.2.199"), "lan");
    EXPECT_EQ(leaves_by("192.0.2.128"), "lan");
    net->router.apply(
        config_of({.dmz = R"(, "redirects": false)",
                   .routes = R"(, { "prefix": "192.0.2.0/24", "via": "172.16.0.9" })"}));
    EXPECT_EQ(leaves_by("192.0.2.127"), "dmz");
}

TEST_P(Routing, TakesTheDefaultRouteWhereThereIsNoOther) {
    REQUIREMENT("RFC 1812 5.2.4.3", "The default route is taken when no other route matches");
    const auto net = with_routes(R"(, { "prefix": "0.0.0.0/0", "via": "172.16.0.9" })");
    EXPECT_EQ(only(net->router.receives("lan", ipv4().to("8.8.8.8"))).interface, "dmz");
    EXPECT_EQ(only(net->router.receives("lan", ipv4().to("192.8.8.8"))).interface, "wan");
}

TEST_P(Routing, NeverTakesTheDefaultRouteToAMartianOrAGroup) {
    REQUIREMENT("RFC 1812 5.3.7", "Packets to martian destination addresses are not forwarded");
    const auto net = with_routes(R"(, { "prefix": "0.0.0.0/0", "via": "172.16.0.9" })");
    for (const char* to : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "240.0.0.1"}) {
        EXPECT_TRUE(net->router.receives("lan", ipv4().to(to)).empty()) << to;
    }
    EXPECT_EQ(net->router.drops(DropReason::destination_martian), 4u);
    for (const char* to : {"224.0.0.5", "239.1.2.3", "255.255.255.255"}) {
        EXPECT_TRUE(net->router.receives("lan", ipv4().to(to)).empty()) << to;
    }
    EXPECT_EQ(net->router.drops(DropReason::group_not_joined), 3u);
}

TEST_P(Routing, SendsToAHostOnAnInterfaceRoute) {
    const auto net = with_routes(R"(, { "prefix": "100.64.0.0/24", "interface": "dmz" })");
    net->router.knows("dmz", "100.64.0.5", net->peer);
    const Sent sent = only(net->router.receives("lan", ipv4().to("100.64.0.5")));
    EXPECT_EQ(sent.interface, "dmz");
    EXPECT_EQ(sent.frame.ethernet().destination, net->peer);
}

TEST_P(Routing, SaysNetUnreachableWithoutARoute) {
    REQUIREMENT("RFC 1812 5.2.7.1",
                "A packet without a route has its source told: net unreachable");
    const auto sent = router().receives("lan", ipv4().to("8.8.8.8"));
    EXPECT_TRUE(is_error(sent, 3, 0, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(router().drops(DropReason::no_route), 1u);
}

TEST_P(Routing, SaysHostUnreachableForAnUnreachableRoute) {
    REQUIREMENT("RFC 1812 5.2.7.1", "An unreachable route has the source told: host unreachable");
    const auto net = with_routes(R"(, { "prefix": "9.0.0.0/24", "type": "unreachable" })");
    EXPECT_TRUE(
        is_error(net->router.receives("lan", ipv4().to("9.0.0.8")), 3, 1, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(net->router.drops(DropReason::route_unreachable), 1u);
}

TEST_P(Routing, SaysAdministrativelyProhibitedForAProhibitRoute) {
    REQUIREMENT("RFC 1812 5.2.7.1",
                "A prohibit route has the source told: communication administratively prohibited");
    const auto net = with_routes(R"(, { "prefix": "9.0.0.0/24", "type": "prohibit" })");
    EXPECT_TRUE(
        is_error(net->router.receives("lan", ipv4().to("9.0.0.8")), 3, 13, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(net->router.drops(DropReason::route_prohibited), 1u);
}

TEST_P(Routing, SaysNothingForABlackholeRoute) {
    const auto net = with_routes(R"(, { "prefix": "9.0.0.0/24", "type": "blackhole" })");
    EXPECT_TRUE(net->router.receives("lan", ipv4().to("9.0.0.8")).empty());
    EXPECT_EQ(net->router.drops(DropReason::route_blackhole), 1u);
}

TEST_P(Routing, KeepsAFlowOnOnePath) {
    const auto net = with_equal_paths();
    const auto first = paths_of_flows(net->router, 64);
    EXPECT_EQ(first.size(), 64u);
    EXPECT_EQ(paths_of_flows(net->router, 64), first);
}

TEST_P(Routing, SpreadsFlowsOverEqualPaths) {
    const auto net = with_equal_paths();
    std::map<std::string, unsigned> flows;
    for (const auto& [flow, path] : paths_of_flows(net->router, 300)) ++flows[path];
    EXPECT_EQ(flows.size(), 3u);
    for (const auto& [path, count] : flows) EXPECT_GT(count, 50u) << path;
}

TEST_P(Routing, MovesOnlyTheFlowsOfANextHopWhoseLinkDied) {
    const auto net = with_equal_paths();
    const auto before = paths_of_flows(net->router, 200);
    net->router.link_down("dmz");
    const auto meanwhile = paths_of_flows(net->router, 200);
    EXPECT_EQ(meanwhile.size(), 200u);
    for (const auto& [flow, path] : meanwhile) {
        EXPECT_NE(path, "dmz");
        if (before.at(flow) != "dmz") {
            EXPECT_EQ(path, before.at(flow));
        }
    }
    net->router.link_up("dmz");
    EXPECT_EQ(paths_of_flows(net->router, 200), before);
}

TEST_P(Routing, MovesOnlyTheFlowsOfANextHopThatDoesNotAnswerArp) {
    const auto net =
        with_routes(R"(, { "prefix": "100.0.0.0/8", "via": ["203.0.113.1", "172.16.0.77"] })");
    paths_of_flows(net->router, 20);
    net->router.waits(5s);
    const auto after = paths_of_flows(net->router, 200);
    EXPECT_EQ(after.size(), 200u);
    for (const auto& [flow, path] : after) EXPECT_EQ(path, "wan");
}

TEST_P(Routing, CountsOnGatewaysThatNobodyHasAskedYet) {
    const auto net =
        with_routes(R"(, { "prefix": "100.0.0.0/8", "via": ["172.16.0.7", "172.16.0.8"] })");
    net->router.waits(60s);
    net->router.receives("lan", ipv4().to("100.1.2.3"));
    EXPECT_EQ(net->router.all_drops(), 0u);
    EXPECT_EQ(net->router.tally(layout::Tally::packets_held), 1u);
}

TEST_P(Routing, SendsAllFragmentsOfAPacketOneWay) {
    const auto net = with_equal_paths();
    for (uint16_t flow = 0; flow < 20; ++flow) {
        const auto packet = [&] { return ipv4().from("198.51.100.7").to("100.1.2.3").id(flow); };
        const Sent first = only(net->router.receives(
            "wan", packet().udp(static_cast<uint16_t>(1000 + flow), 53).fragment(0, true)));
        const Sent last =
            only(net->router.receives("wan", packet().protocol(17).fragment(40, false)));
        EXPECT_EQ(first.interface, last.interface);
    }
}

TEST_P(Routing, DoesNotTakePaddingForPorts) {
    const auto net = with_equal_paths();
    std::set<std::string> paths;
    for (uint8_t i = 0; i < 50; ++i) {
        Bytes frame =
            ipv4().from("198.51.100.7").to("100.1.2.3").protocol(17).payload(2).padding(24);
        frame[14 + 22] = frame[14 + 23] = i;
        paths.insert(only(net->router.receives("wan", frame)).interface);
    }
    EXPECT_EQ(paths.size(), 1u);
}

TEST_P(Routing, SaysHostUnreachableWhenAllEqualPathsAreDead) {
    const auto net =
        with_routes(R"(, { "prefix": "100.0.0.0/8", "via": ["172.16.0.77", "172.16.0.78"] })");
    for (uint16_t flow = 0; flow < 20; ++flow) {
        net->router.receives("lan", ipv4().to("100.1.2.3").udp(flow, 53));
    }
    net->router.waits(5s);
    EXPECT_TRUE(is_error(net->router.receives("lan", ipv4().to("100.1.2.3")), 3, 1, "10.0.0.1",
                         "10.0.0.9"));
    EXPECT_EQ(net->router.drops(DropReason::no_live_next_hop), 1u);
}

TEST_P(Routing, SaysHostUnreachableWhenTheInterfaceIsDown) {
    // Control takes the routes of a link that is down away; until it has, packets meet this.
    auto& down = const_cast<Plan&>(router().plan());
    for (Adjacency& a : down.adjacencies) {
        if (a.interface == router().id_of("wan")) a.mtu = 0;
    }
    down.interfaces[router().id_of("wan")].up = false;
    EXPECT_TRUE(is_error(router().receives("lan", ipv4()), 3, 1, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(router().drops(DropReason::interface_down), 1u);
}

TEST_P(Routing, LosesTheRoutesOfALinkThatIsDownAndHasThemBackWithIt) {
    router().link_down("wan");
    EXPECT_TRUE(is_error(router().receives("lan", ipv4()), 3, 0, "10.0.0.1", "10.0.0.9"));
    router().link_up("wan");
    EXPECT_EQ(only(router().receives("lan", ipv4())).interface, "wan");
}

TEST_P(Routing, DropsWhereTheRouteTableNamesANextHopThatThePlanLacks) {
    // A broken control: an entry of the FIB without its next hop.
    auto& table = const_cast<fib::Table&>(*router().context().routes);
    table.tbl24[ip("9.0.0.0").value >> 8] = 12345;
    EXPECT_TRUE(
        is_error(router().receives("lan", ipv4().to("9.0.0.8")), 3, 0, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(router().drops(DropReason::next_hop_unknown), 1u);
}

TEST_P(Routing, FollowsRoutesThatAreAddedAndWithdrawnAtRunTime) {
    intent::RouteChange change{
        {ip("9.0.0.0"), 24}, false, config::RouteType::unicast, {ip("172.16.0.9")}, ""};
    EXPECT_TRUE(router().intent().change_routes(std::span(&change, 1)).empty());
    router().take_plan();
    EXPECT_EQ(only(router().receives("lan", ipv4().to("9.0.0.8"))).interface, "dmz");
    change.remove = true;
    EXPECT_TRUE(router().intent().change_routes(std::span(&change, 1)).empty());
    router().take_plan();
    router().receives("lan", ipv4().to("9.0.0.8"));
    EXPECT_EQ(router().drops(DropReason::no_route), 1u);
}

}  // namespace
}  // namespace sluice::test
