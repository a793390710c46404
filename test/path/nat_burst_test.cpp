// SPDX-License-Identifier: BSD-3-Clause
// Many flows that begin at once: what comes of each is what would, had it come alone.
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

class NatBurst : public NatBothWays {
  protected:
    static Bytes first(const char* from, uint16_t port, uint16_t to_port = 53) {
        return ipv4().from(from).to(remote).udp(port, to_port).payload(20);
    }
    static Bytes tcp_of(uint16_t port, uint8_t flags) {
        return ipv4().from(inside).to(remote).tcp(port, 80, flags);
    }
    static std::vector<Bytes> of_many_ports(uint16_t count) {
        std::vector<Bytes> burst;
        for (uint16_t port = 0; port < count; ++port) burst.push_back(first(inside, 5000 + port));
        return burst;
    }
    static uint64_t left_by_fast_way(Network& net) {
        uint64_t packets = 0;
        net.router.does([&](Context& c) { packets = c.stage(layout::Stage::plain).packets.get(); });
        return packets;
    }
};
TEST_BOTH_WAYS(NatBurst);

TEST_P(NatBurst, EachFlowHasItsSessionAndItsAnswerReachesIt) {
    const auto net = with_source_rule();
    const auto sent = net->router.receives("lan", of_many_ports(64));
    ASSERT_EQ(sent.size(), 64u);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 64u);
    EXPECT_EQ(left_by_fast_way(*net), 0u);
    for (uint16_t n = 0; n < 64; ++n) {
        ASSERT_TRUE(sent[n].frame.checksums_hold());
        const Ipv4Builder answer =
            ipv4().from(remote).to(outside).udp(53, source_port(sent[n])).payload(20);
        const Sent back = only(net->router.receives("wan", answer));
        EXPECT_EQ(flow_of(back), "lan 192.0.2.1:53 > 10.0.0.9:" + std::to_string(5000 + n));
    }
}

TEST_P(NatBurst, LaterPacketsOfAFlowFollowItsFirst) {
    const auto net = with_source_rule();
    const auto sent = net->router.receives("lan", {first(inside, 5000), first(neighbour, 5000),
                                                   first(inside, 5000), first(inside, 5000, 54)});
    ASSERT_EQ(sent.size(), 4u);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 3u);
    EXPECT_EQ(source_port(sent[2]), source_port(sent[0]));
    EXPECT_EQ(source_port(sent[3]), source_port(sent[0])) << "the endpoint's, whoever the remote";
    EXPECT_NE(source_port(sent[1]), source_port(sent[0]));
}

TEST_P(NatBurst, TcpBeginsWithASynAndWithNothingElse) {
    constexpr uint8_t fin = 1, syn = 2, rst = 4, ack = 16;
    const auto net = with_source_rule();
    const auto sent = net->router.receives(
        "lan", {tcp_of(5000, syn), tcp_of(5001, ack), tcp_of(5002, syn | ack), tcp_of(5003, rst),
                tcp_of(5004, syn), tcp_of(5005, fin), tcp_of(5000, syn)});
    EXPECT_EQ(sent.size(), 3u);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 2u);
    EXPECT_EQ(net->router.drops(DropReason::nat_no_session), 4u);
}

TEST_P(NatBurst, ThoseForWhomNoPortIsLeftAreRefusedOnce) {
    const auto net = with_source_rule(R"(, "ports": "6000-6003", "parity": false)");
    const auto sent = net->router.receives("lan", of_many_ports(7));
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 4u);
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 3u);
    std::set<uint16_t> ports;
    for (const Sent& s : sent) {
        if (s.interface == "wan") ports.insert(source_port(s));
    }
    EXPECT_EQ(ports, (std::set<uint16_t>{6000, 6001, 6002, 6003}));
}

TEST_P(NatBurst, WhatIsRefusedIsDoneWithWhateverElseIsInTheBurst) {
    const auto net = with_source_rule(R"(, "ports": "6000-6003", "parity": false)");
    std::vector<Bytes> burst = of_many_ports(7);
    burst.insert(burst.begin() + 5, echo(8, 77).from(inside).to(remote));
    burst.push_back(ipv4().from(inside).to("10.0.0.1").ttl(1).udp(1, 2));
    net->router.receives("lan", burst);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 5u) << "and one of ICMP";
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 3u);
}

TEST_P(NatBurst, NothingOvertakesASynOfItsOwnFlow) {
    constexpr uint8_t syn = 2, rst = 4, ack = 16;
    const auto net = with_source_rule();
    const Sent first = only(net->router.receives("lan", tcp_of(5000, syn)));
    const uint16_t port = source_port(first);
    net->router.receives("wan", ipv4().from(remote).to(outside).tcp(80, port, syn | ack));
    const auto sent = net->router.receives(
        "lan", {tcp_of(5000, ack), tcp_of(5000, syn), tcp_of(5000, ack), tcp_of(5001, ack),
                tcp_of(5001, syn), tcp_of(5001, ack), tcp_of(5001, rst)});
    std::vector<std::pair<uint16_t, uint8_t>> seen;
    for (const Sent& s : sent) {
        seen.emplace_back(source_port(s) == port, s.frame.ip_payload()[13]);
    }
    std::ranges::stable_sort(seen, {}, [](const auto& s) { return s.first; });
    EXPECT_EQ(seen, (std::vector<std::pair<uint16_t, uint8_t>>{
                        {0, syn}, {0, ack}, {0, rst}, {1, ack}, {1, syn}, {1, ack}}));
    EXPECT_EQ(net->router.drops(DropReason::nat_no_session), 1u) << "what came before its SYN";
}

TEST_P(NatBurst, WhatNoRuleWantsLeavesAsItCame) {
    const auto net = with_rules(source_rule(R"(, "protocol": "tcp")"));
    for (const Sent& s : net->router.receives("lan", of_many_ports(3))) {
        EXPECT_EQ(source_of(s), inside);
    }
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 0u);
}

}  // namespace
}  // namespace sluice::test
