// SPDX-License-Identifier: BSD-3-Clause
// What the NAT drops, and why.
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

class NatDrops : public NatBothWays {
  protected:
    static Ipv4Builder udp_from_inside(uint16_t port = 5000, const char* to = "192.0.2.1") {
        return ipv4().from("10.0.0.9").to(to).udp(port, 53);
    }
};
TEST_BOTH_WAYS(NatDrops);

TEST_P(NatDrops, WhatComesForAPoolAddressThatNobodyHas) {
    const auto net = with_rules(R"({"name": "p", "type": "source", "out": "wan",
                                    "from": "10.0.0.0/24", "to": "203.0.113.9"})");
    EXPECT_TRUE(
        net->router.receives("wan", ipv4().from("192.0.2.1").to("203.0.113.9").udp(53, 4000))
            .empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_no_mapping), 1);
}

TEST_P(NatDrops, WhatTheFilterDoesNotLetIn) {
    REQUIREMENT("RFC 4787 REQ-8", "Filtering by address: others than those sent to are kept out");
    const auto net = with_source_rule(R"(, "filtering": "address-dependent")");
    const uint16_t port = source_port(only(net->router.receives("lan", udp_from_inside())));
    const auto from = [&](const char* remote, uint16_t remote_port) {
        return net->router.receives("wan",
                                    ipv4().from(remote).to("203.0.113.2").udp(remote_port, port));
    };
    EXPECT_EQ(only(from("192.0.2.1", 99)).interface, "lan");
    EXPECT_TRUE(from("192.0.2.2", 53).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_filtered), 1);
}

TEST_P(NatDrops, ASegmentOfNoConnection) {
    const auto net = with_source_rule();
    EXPECT_TRUE(net->router.receives("lan", ipv4().to("192.0.2.1").tcp(4000, 80, ack)).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_no_session), 1);
}

TEST_P(NatDrops, ASegmentOfNoConnectionIsAnsweredByAResetWhereTheRuleSaysSo) {
    const auto net = with_source_rule(R"(, "on_expired": "rst")");
    const Sent reset = only(net->router.receives("lan", ipv4().to("192.0.2.1").tcp(4000, 80, ack)));
    EXPECT_EQ(reset.interface, "lan");
    EXPECT_EQ(source_of(reset), "192.0.2.1");
    EXPECT_EQ(destination_of(reset), "10.0.0.9");
    EXPECT_EQ(source_port(reset), 80);
    EXPECT_EQ(destination_port(reset), 4000);
    EXPECT_EQ(reset.frame.ip_payload().at(13), 0x04);
    EXPECT_TRUE(reset.frame.checksums_hold());
    EXPECT_EQ(net->router.tally(layout::Tally::nat_resets_sent), 1);
}

TEST_P(NatDrops, AFlowForWhichNoPortIsLeftAndItsSourceIsTold) {
    REQUIREMENT("RFC 6888 REQ-11",
                "Without a free port the source is told 3/13, and an event says who");
    const auto net = with_source_rule(R"(, "ports": "6000-6001")");
    for (uint16_t port = 1; port <= 2; ++port) {
        only(net->router.receives("lan", udp_from_inside(port)));
    }
    const auto refused = net->router.receives("lan", udp_from_inside(3));
    EXPECT_TRUE(is_error(refused, 3, 13, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(net->router.drops(DropReason::nat_no_port), 1);
    const auto events = net->router.events();
    ASSERT_EQ(events.size(), 1);
    EXPECT_EQ(events[0].kind, layout::EventKind::nat_no_port);
    EXPECT_EQ(events[0].address, ip("10.0.0.9").value);
    EXPECT_EQ(events[0].mac, ip("192.0.2.1").value);
}

TEST_P(NatDrops, AFlowForWhichTheTableHasNoRoom) {
    const auto net = with_source_rule("", R"(, "sessions": {"max": 64})");
    for (uint16_t port = 1; port <= 64; ++port) {
        only(net->router.receives("lan", udp_from_inside(static_cast<uint16_t>(2000 + port))));
    }
    EXPECT_TRUE(is_error(net->router.receives("lan", udp_from_inside(9000)), 3, 13, "10.0.0.1",
                         "10.0.0.9"));
    EXPECT_EQ(net->router.drops(DropReason::nat_table_full), 1);
}

TEST_P(NatDrops, AFlowBeyondItsSubscribersLimit) {
    REQUIREMENT("RFC 6888 REQ-4", "A subscriber has no more sessions than its rule allows");
    const auto net = with_source_rule(R"(, "sessions_per_subscriber": 2)");
    only(net->router.receives("lan", udp_from_inside(1)));
    only(net->router.receives("lan", udp_from_inside(2)));
    EXPECT_TRUE(
        is_error(net->router.receives("lan", udp_from_inside(3)), 3, 13, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(net->router.drops(DropReason::nat_subscriber_limit), 1);
}

TEST_P(NatDrops, AFlowWhileAnotherWorkerIsAtItsPlaceInTheIndex) {
    const auto net = with_source_rule();
    std::vector<std::unique_ptr<flow::BucketLock>> held;
    for (const flow::Bucket& b : net->router.nat()->index().buckets()) {
        held.push_back(std::make_unique<flow::BucketLock>(const_cast<flow::Bucket&>(b)));
    }
    EXPECT_TRUE(net->router.receives("lan", udp_from_inside()).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_busy), 1);
    held.clear();
    EXPECT_EQ(net->router.receives("lan", udp_from_inside()).size(), 1);
}

TEST_P(NatDrops, AnotherHostsFlowOfAProtocolWithoutPortsToTheSameRemote) {
    const auto net = with_source_rule();
    only(net->router.receives("lan", ipv4().from("10.0.0.9").to("192.0.2.1").protocol(gre)));
    EXPECT_TRUE(
        net->router.receives("lan", ipv4().from("10.0.0.8").to("192.0.2.1").protocol(gre)).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_conflict), 1);
}

TEST_P(NatDrops, AFlowForAForwardWithoutAHealthyTarget) {
    const auto net =
        with_rules(R"({"name": "web", "type": "forward", "in": "wan", "protocol": "tcp",
                                    "port": 80, "to": [{"address": "10.0.0.9:80", "weight": 0}]})");
    EXPECT_TRUE(
        net->router.receives("wan", ipv4().from("192.0.2.1").to("203.0.113.2").tcp(4000, 80, syn))
            .empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_no_target), 1);
}

TEST_P(NatDrops, AFirstFragmentTooShortForItsChecksum) {
    const auto net = with_source_rule();
    EXPECT_TRUE(
        net->router.receives("lan", ipv4().to("192.0.2.1").protocol(6).payload(8).fragment(0, true))
            .empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_malformed), 1);
}

TEST_P(NatDrops, AnErrorFromInsideAboutNothing) {
    const auto net = with_source_rule();
    Bytes quoted = ipv4().from("192.0.2.1").to("10.0.0.9").udp(53, 5000).build();
    quoted.erase(quoted.begin(), quoted.begin() + 14);
    EXPECT_TRUE(
        net->router.receives("lan", ipv4().to("192.0.2.1").icmp(3, 3).payload(quoted)).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_icmp_unmatched), 1);
}

TEST_P(NatDrops, AnErrorThatQuotesAFalseHeader) {
    REQUIREMENT("RFC 5508 REQ-3", "An error whose embedded IP checksum is wrong is dropped");
    const auto net = with_source_rule();
    const Sent out = only(net->router.receives("lan", udp_from_inside()));
    Bytes quoted = out.frame.bytes();
    quoted.erase(quoted.begin(), quoted.begin() + 14);
    quoted[8] ^= 0xff;  // ttl
    EXPECT_TRUE(
        net->router
            .receives("wan",
                      ipv4().from("198.51.100.7").to("203.0.113.2").icmp(3, 1).payload(quoted))
            .empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_icmp_malformed), 1);
}

TEST_P(NatDrops, MoreFragmentsThanMayWait) {
    const auto net = with_source_rule();
    for (unsigned i = 1; i <= 17; ++i) {
        net->router.receives("lan",
                             ipv4().to("192.0.2.1").protocol(17).payload(8).fragment(8 * i, true));
    }
    EXPECT_EQ(net->router.drops(DropReason::nat_fragments_full), 1);
}

TEST_P(NatDrops, FragmentsWhoseFirstNeverComes) {
    const auto net = with_source_rule("", R"(, "sessions": {"fragment_s": 2})");
    net->router.receives("lan", ipv4().to("192.0.2.1").protocol(17).payload(8).fragment(8, true));
    net->router.waits(3s);
    EXPECT_EQ(net->router.drops(DropReason::nat_fragment_timeout), 1);
}

TEST_P(NatDrops, AnUnsolicitedSynAfterSixSecondsAndItsSenderIsTold) {
    REQUIREMENT("RFC 5382 REQ-4",
                "An unsolicited SYN is answered 3/3 after six seconds, not before");
    const auto net = with_source_rule();
    const auto syn_in = ipv4().from("192.0.2.1").to("203.0.113.2").tcp(80, 4000, syn);
    EXPECT_TRUE(net->router.receives("wan", syn_in).empty());
    EXPECT_TRUE(net->router.waits(5500ms).empty());
    EXPECT_TRUE(is_error(net->router.waits(1s), 3, 3, "203.0.113.2", "192.0.2.1"));
    EXPECT_EQ(net->router.drops(DropReason::nat_syn_unanswered), 1);
}

TEST_P(NatDrops, AnUnsolicitedSynThatOursMeets) {
    REQUIREMENT("RFC 5382 REQ-4",
                "An unsolicited SYN is forgotten when a SYN from inside meets it");
    const auto net = with_source_rule(R"(, "ports": "4000-4000")");
    const auto syn_in = ipv4().from("192.0.2.1").to("203.0.113.2").tcp(80, 4000, syn);
    EXPECT_TRUE(net->router.receives("wan", syn_in).empty());
    only(net->router.receives("lan", ipv4().to("192.0.2.1").tcp(4000, 80, syn)));
    EXPECT_TRUE(net->router.waits(8s).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_syn_superseded), 1);
}

}  // namespace
}  // namespace sluice::test
