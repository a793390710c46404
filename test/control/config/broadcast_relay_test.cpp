// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

std::vector<std::string> told_of_relay(const std::string& section) {
    return told(router_with("\"broadcast_relay\": " + section));
}

TEST(BroadcastRelay, IsReadWhole) {
    const BroadcastRelay relay =
        accepted(router_with(R"("tunnels": {"over": {"type": "gre", "local": "10.0.0.1",
                                                     "remote": "192.0.2.1"}},
                                "broadcast_relay": {"interfaces": ["lan", "over"],
                                                    "udp_ports": [137, 6112]})"))
            .broadcast_relay;
    EXPECT_THAT(relay.interfaces, ElementsAre("lan", "over"));
    EXPECT_THAT(relay.udp_ports, ElementsAre(137, 6112));
}

TEST(BroadcastRelay, RelaysNothingUnlessAskedTo) {
    EXPECT_EQ(accepted(router_with("\"routes\": []")).broadcast_relay, BroadcastRelay{});
    EXPECT_THAT(told_of_relay("{}"), IsEmpty());
    EXPECT_THAT(told_of_relay(R"({"interfaces": [], "udp_ports": []})"), IsEmpty());
}

TEST(BroadcastRelay, ByWhatIsNoInterfaceIsTold) {
    EXPECT_THAT(told_of_relay(R"({"interfaces": ["lam", "wan"], "udp_ports": [137]})"),
                ElementsAre("c.json:3: broadcast_relay.interfaces[0]: there is no interface "
                            "\"lam\"; did you mean \"lan\"?"));
}

TEST(BroadcastRelay, BetweenFewerThanTwoInterfacesIsTold) {
    EXPECT_THAT(told_of_relay(R"({"interfaces": ["lan"], "udp_ports": [137]})"),
                ElementsAre("c.json:3: broadcast_relay.interfaces: should be two interfaces or "
                            "more: from one to the others"));
}

TEST(BroadcastRelay, WithoutOneOfItsListsIsTold) {
    EXPECT_THAT(told_of_relay(R"({"interfaces": ["lan", "wan"]})"),
                ElementsAre(HasSubstr("is of no use without \"udp_ports\"")));
    EXPECT_THAT(told_of_relay(R"({"udp_ports": [137]})"),
                ElementsAre(HasSubstr("is of no use without \"interfaces\"")));
}

TEST(BroadcastRelay, OfSomethingTwiceIsTold) {
    EXPECT_THAT(
        told_of_relay(R"({"interfaces": ["lan", "wan", "lan"], "udp_ports": [137, 138, 137]})"),
        ElementsAre("c.json:3: broadcast_relay.interfaces[2]: \"lan\" is named twice",
                    "c.json:3: broadcast_relay.udp_ports[2]: 137 is named twice"));
}

TEST(BroadcastRelay, OfWhatIsNoPortIsTold) {
    for (const char* wrong : {"0", "65536", "\"137\"", "1.5"}) {
        EXPECT_THAT(told_of_relay(fmt::format(
                        R"({{"interfaces": ["lan", "wan"], "udp_ports": [{}]}})", wrong)),
                    ElementsAre(HasSubstr("broadcast_relay.udp_ports[0]: ")));
    }
    EXPECT_THAT(told_of_relay(R"({"interfaces": ["lan", 7], "udp_ports": [137]})"),
                ElementsAre(HasSubstr("should be the name of an interface or tunnel")));
}

TEST(BroadcastRelay, ByAPortWithoutANetworkIsTold) {
    EXPECT_THAT(
        told(R"({"interfaces": {"lan": {"device": "net_tap0", "addresses": ["10.0.0.1/24"]},
                                "bare": {"device": "net_tap1"}},
                 "broadcast_relay": {"interfaces": ["lan", "bare"], "udp_ports": [137]}})"),
        ElementsAre(HasSubstr("\"bare\" has no IPv4 address, so no host is of its network")));
}

TEST(BroadcastRelay, ByABridgedPortIsTold) {
    EXPECT_THAT(
        told(R"({"interfaces": {"lan": {"device": "net_tap0", "addresses": ["10.0.0.1/24"]},
                                "side": {"device": "net_tap1"}},
                 "tunnels": {"over": {"type": "gre", "local": "10.0.0.1",
                                      "remote": "192.0.2.1", "bridge": "side"}},
                 "broadcast_relay": {"interfaces": ["lan", "side"], "udp_ports": [137]}})"),
        ElementsAre(HasSubstr("\"side\" is bridged with over, so nothing is routed by it")));
}

}  // namespace
}  // namespace sluice::config
