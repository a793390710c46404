// SPDX-License-Identifier: BSD-3-Clause
// A tunnel that carries the frames of a port.
#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

// "side" is a port without addresses; `more` stands beside the tunnel "over" on line 4.
std::string bridging(const std::string& tunnel, const std::string& more = "") {
    return R"({"interfaces": {
"lan": {"device": "net_tap0", "addresses": ["10.0.0.1/24"]}, "side": {"device": "net_tap1"}},
"tunnels": {
"over": {"type": "gre", "local": "10.0.0.1", "remote": "192.0.2.1", )" +
           tunnel + "}" + more + "}";
}

TEST(Bridge, IsOfATunnelAndAPort) {
    const Config config = accepted(bridging(R"("bridge": "side")", "}"));
    EXPECT_EQ(find_interface(config, "over")->tunnel->bridge, "side");
}

std::vector<std::string> told_of_bridge(const std::string& tunnel, const std::string& more = "}") {
    return told(bridging(tunnel, more));
}

TEST(Bridge, WithWhatIsNoPortIsTold) {
    EXPECT_THAT(told_of_bridge(R"("bridge": "sid")"),
                ElementsAre("c.json:4: tunnels.over.bridge: there is no interface \"sid\"; did you "
                            "mean \"side\"?"));
    EXPECT_THAT(told_of_bridge(R"("bridge": "over")"),
                ElementsAre("c.json:4: tunnels.over.bridge: \"over\" should be a port, and is a "
                            "tunnel"));
}

TEST(Bridge, HasNoAddressesOnEitherSide) {
    EXPECT_THAT(told_of_bridge(R"("bridge": "lan")"),
                ElementsAre("c.json:4: tunnels.over.bridge: \"lan\" has addresses, and a port that "
                            "is bridged can have none"));
    for (const char* address : {"172.31.0.1/30", "2001:db8::1/64"}) {
        EXPECT_THAT(
            told_of_bridge(fmt::format(R"("bridge": "side", "addresses": ["{}"])", address)),
            ElementsAre("c.json:4: tunnels.over.bridge: over has addresses, and a tunnel "
                        "of frames can have none"));
    }
}

TEST(Bridge, OfIpInIpIsTold) {
    EXPECT_THAT(told(R"({"interfaces": {"lan": {"device": "net_tap0", "addresses": ["10.0.0.1/24"]},
                         "side": {"device": "net_tap1"}}, "tunnels": {"over": {"type": "ipip",
                         "local": "10.0.0.1", "remote": "192.0.2.1", "bridge": "side"}}})"),
                ElementsAre(HasSubstr("tunnels.over.bridge: \"bridge\" is GRE's")));
}

TEST(Bridge, TakesNoTimeToLiveFromWhatItCarries) {
    EXPECT_THAT(told_of_bridge(R"("bridge": "side", "ttl": "inherit")"),
                ElementsAre(HasSubstr("\"ttl\" can not be \"inherit\" here")));
}

TEST(Bridge, OfOnePortIsOneTunnels) {
    EXPECT_THAT(told_of_bridge(R"("bridge": "side")", R"(,
"second": {"type": "gre", "key": 1, "local": "10.0.0.1", "remote": "192.0.2.1", "bridge": "side"}})"),
                ElementsAre("c.json:5: tunnels.second.bridge: \"side\" is bridged with over "
                            "already: frames would go round"));
}

TEST(Bridge, LeavesNothingToRouteTranslateOrAskFor) {
    const auto told_by = [](const std::string& section) {
        return told_of_bridge(R"("bridge": "side")", "},\n" + section);
    };
    for (const char* name : {"side", "over"}) {
        const std::string what =
            fmt::format("\"{}\" is bridged with {}, so nothing is routed by it", name,
                        name == std::string("side") ? "over" : "side");
        EXPECT_THAT(told_by(fmt::format(
                        R"("routes": [{{"prefix": "10.8.0.0/16", "interface": "{}"}}])", name)),
                    ElementsAre("c.json:5: routes[0].interface: " + what));
        EXPECT_THAT(
            told_by(fmt::format(R"("nat": [{{"name": "n", "type": "source", "from": "10.0.0.0/8",
                                              "out": "{}", "to": "192.0.2.9"}}])",
                                name)),
            ElementsAre(HasSubstr("nat[0].out: " + what)));
        EXPECT_THAT(
            told_by(fmt::format(R"("neighbours": [{{"interface": "{}", "address": "10.0.0.2",
                                                           "mac": "02:00:00:00:00:01"}}])",
                                name)),
            ElementsAre(HasSubstr("neighbours[0].interface: " + what)));
    }
}

}  // namespace
}  // namespace sluice::config
