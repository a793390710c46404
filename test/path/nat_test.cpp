// SPDX-License-Identifier: BSD-3-Clause
#include <map>

#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

class Napt : public NatBothWays {};
TEST_BOTH_WAYS(Napt);

TEST_P(Napt, AFlowLeavesAsTheExternalAddressAndItsAnswersComeBack) {
    REQUIREMENT("RFC 3022 4.1", "Source address and port become external ones, and back");
    const auto net = with_rules(R"({"name": "internet", "type": "source", "out": "wan",
                                    "from": "10.0.0.0/24", "to": "interface"})");
    const Sent out = only(net->router.receives(
        "lan", ipv4().from("10.0.0.9").to("192.0.2.1").udp(5000, 53).payload(20)));
    EXPECT_EQ(out.interface, "wan");
    EXPECT_EQ(source_of(out), "203.0.113.2");
    EXPECT_TRUE(out.frame.checksums_hold());
    const uint16_t port = source_port(out);
    EXPECT_GE(port, 1024);

    const Sent back = only(net->router.receives(
        "wan", ipv4().from("192.0.2.1").to("203.0.113.2").udp(53, port).payload(20)));
    EXPECT_EQ(back.interface, "lan");
    EXPECT_EQ(destination_of(back), "10.0.0.9");
    EXPECT_EQ(destination_port(back), 5000);
    EXPECT_TRUE(back.frame.checksums_hold());

    const Sent again = only(net->router.receives(
        "lan", ipv4().from("10.0.0.9").to("192.0.2.1").udp(5000, 53).payload(20)));
    EXPECT_EQ(source_port(again), port);
    EXPECT_TRUE(again.frame.checksums_hold());
}

// A flow that is new leaves the fast way in the middle of it, and the rows behind it close up.
TEST_P(Napt, EachPacketOfABurstIsTranslatedByItsOwnSession) {
    const auto net = with_source_rule();
    const auto from_port = [](uint16_t port) {
        return ipv4().id(port).from(inside).to(remote).udp(port, 53).payload(20);
    };
    std::map<uint16_t, uint16_t> external;
    for (const uint16_t port : {5000, 5002}) {
        external[port] = source_port(only(net->router.receives("lan", from_port(port))));
    }
    const auto sent = net->router.receives(
        "lan", std::vector<Bytes>{from_port(5000), from_port(5001), from_port(5002)});
    ASSERT_EQ(sent.size(), 3u);
    for (const Sent& s : sent) {
        const uint16_t port = s.frame.ipv4().identification.host();
        external.try_emplace(port, source_port(s));
        EXPECT_EQ(source_of(s), outside);
        EXPECT_TRUE(s.frame.checksums_hold());
        EXPECT_EQ(source_port(s), external.at(port)) << port;
    }
}

TEST_P(Napt, NeverHandsOutAPortThatAForwardAnswersAt) {
    const auto net = with_rules(R"({"name": "game", "type": "forward", "in": "wan",
                                    "protocol": "udp", "port": 6000, "to": "10.0.0.8:6000"},
                                   {"name": "internet", "type": "source", "out": "wan",
                                    "ports": "6000-6001", "to": "interface"})");
    EXPECT_EQ(source_port(only(net->router.receives(
                  "lan", ipv4().from("10.0.0.9").to("192.0.2.1").udp(6000, 53)))),
              6001);
    net->router.receives("lan", ipv4().from("10.0.0.9").to("192.0.2.1").udp(6002, 53));
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 1);
}

}  // namespace
}  // namespace sluice::test
