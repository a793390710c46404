// SPDX-License-Identifier: BSD-3-Clause
// Hosts inside that meet by their external addresses (RFC 4787 section 6), or are kept from it.
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

class NatHairpin : public NatBothWays {
  protected:
    static std::string lan(Network& net, const Ipv4Builder& packet) {
        return flow_of(only(net.router.receives("lan", packet)));
    }
    static std::string wan(Network& net, const Ipv4Builder& packet) {
        return flow_of(only(net.router.receives("wan", packet)));
    }
    // A web server at the neighbour, by port or by a whole address.
    static std::string forward(const std::string& more = "") {
        return R"({"type": "forward", "in": "wan", "protocol": "tcp", "port": 80,
                   "to": "10.0.0.8:8080")" +
               more + "}";
    }
    static std::string fixed(const std::string& external, const std::string& internal,
                             const std::string& more = "") {
        return R"({"type": "static", "external": ")" + external + R"(", "internal": ")" + internal +
               R"(")" + more + "}";
    }
    static constexpr const char* at_wan = R"(, "in": "wan", "out": "wan")";
};
TEST_BOTH_WAYS(NatHairpin);

TEST_P(NatHairpin, AForwardWithoutItIsReachedFromOutsideAlone) {
    const auto net = with_rules(forward(R"(, "hairpin": false)") + "," + source_rule());
    EXPECT_EQ(wan(*net, ipv4().from(remote).to(outside).tcp(4000, 80, syn)),
              "lan 192.0.2.1:4000 > 10.0.0.8:8080");
    EXPECT_TRUE(net->router.receives("lan", ipv4().to(outside).tcp(4000, 80, syn)).empty());
    EXPECT_EQ(net->router.tally(layout::Tally::nat_hairpinned), 0);
}

TEST_P(NatHairpin, AHostWhoseOwnRuleHasItNotReachesNoForward) {
    const auto net = with_rules(forward() + "," + source_rule(R"(, "hairpin": false)"));
    EXPECT_TRUE(net->router.receives("lan", ipv4().to(outside).tcp(4000, 80, syn)).empty());
    EXPECT_EQ(wan(*net, ipv4().from(remote).to(outside).tcp(4000, 80, syn)),
              "lan 192.0.2.1:4000 > 10.0.0.8:8080");
}

TEST_P(NatHairpin, AStaticHostIsReachedByItsAddressOutside) {
    REQUIREMENT("RFC 4787 REQ-9", "A host with an address of its own outside is reached by it");
    for (const char* where : {at_wan, ""}) {
        const auto net = with_rules(fixed("203.0.113.9", neighbour, where) + "," + source_rule());
        const Sent there =
            only(net->router.receives("lan", ipv4().to("203.0.113.9").tcp(4000, 80, syn)));
        const uint16_t port = source_port(there);
        EXPECT_EQ(flow_of(there), at_port("lan 203.0.113.2", port, " > 10.0.0.8:80")) << where;
        EXPECT_EQ(lan(*net, ipv4().from(neighbour).to(outside).tcp(80, port, syn | ack)),
                  "lan 203.0.113.9:80 > 10.0.0.9:4000");
    }
}

TEST_P(NatHairpin, TwoStaticHostsSeeEachOthersAddressesOutside) {
    REQUIREMENT("RFC 4787 REQ-9", "Both ends may have addresses of their own outside");
    const auto net = with_rules(fixed("203.0.113.8", neighbour, at_wan) + "," +
                                fixed("203.0.113.9", inside, at_wan));
    EXPECT_EQ(lan(*net, ipv4().to("203.0.113.8").udp(5000, 53)),
              "lan 203.0.113.9:5000 > 10.0.0.8:53");
    EXPECT_EQ(lan(*net, ipv4().from(neighbour).to("203.0.113.9").udp(53, 5000)),
              "lan 203.0.113.8:53 > 10.0.0.9:5000");
}

TEST_P(NatHairpin, AStaticHostWithoutItIsReachedFromOutsideAlone) {
    for (const char* where : {at_wan, ""}) {
        const auto net = with_rules(
            fixed("203.0.113.9", neighbour, std::string(where) + R"(, "hairpin": false)") + "," +
            source_rule());
        EXPECT_TRUE(net->router.receives("lan", ipv4().to("203.0.113.9").udp(5000, 53)).empty());
        EXPECT_EQ(wan(*net, ipv4().from(remote).to("203.0.113.9").udp(5000, 53)),
                  "lan 192.0.2.1:5000 > 10.0.0.8:53");
    }
}

TEST_P(NatHairpin, AMappingIsReachedFromOutsideAloneWhereItsRuleSaysSo) {
    const auto net = with_source_rule(R"(, "filtering": "endpoint-independent", "hairpin": false)");
    const Sent out = only(net->router.receives("lan", ipv4().from(neighbour).udp(5000, 53)));
    const uint16_t port = source_port(out);
    EXPECT_TRUE(net->router.receives("lan", ipv4().to(outside).udp(6000, port)).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_filtered), 1);
    EXPECT_EQ(wan(*net, ipv4().from("192.0.2.7").to(outside).udp(6000, port)),
              "lan 192.0.2.7:6000 > 10.0.0.8:5000");
}

TEST_P(NatHairpin, AQueryAndItsAnswerTurnRoundAtTheRouter) {
    REQUIREMENT("RFC 7857 12", "ICMP queries are hairpinned");
    const auto net = with_rules(fixed("203.0.113.8", neighbour, at_wan) + "," +
                                fixed("203.0.113.9", inside, at_wan));
    const Sent asked = only(net->router.receives("lan", echo(8, 77).to("203.0.113.8")));
    EXPECT_EQ(source_of(asked) + " > " + destination_of(asked), "203.0.113.9 > 10.0.0.8");
    const Sent answered =
        only(net->router.receives("lan", echo(0, 77).from(neighbour).to("203.0.113.9")));
    EXPECT_EQ(source_of(answered) + " > " + destination_of(answered), "203.0.113.8 > 10.0.0.9");
}

}  // namespace
}  // namespace sluice::test
