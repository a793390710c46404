// SPDX-License-Identifier: BSD-3-Clause
// TCP through the NAT, as RFC 5382 and RFC 7857 want it.
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

// A connection of 10.0.0.9:4000 to 192.0.2.1:80.
class NatTcp : public NatBothWays {
  protected:
    void SetUp() override { net = with_source_rule(); }

    // The host sends; whether it gets out.
    bool says(uint8_t flags) {
        const auto sent = net->router.receives("lan", ipv4().to(remote).tcp(4000, 80, flags));
        if (sent.size() != 1 || sent[0].interface != "wan") return false;
        port = source_port(sent[0]);
        EXPECT_EQ(flow_of(sent[0]), at_port("wan 203.0.113.2", port, " > 192.0.2.1:80"));
        return true;
    }
    // The remote answers; whether it gets in.
    bool hears(uint8_t flags, const char* from = remote) {
        const auto sent =
            net->router.receives("wan", ipv4().from(from).to(outside).tcp(80, port, flags));
        if (sent.size() != 1 || sent[0].interface != "lan") return false;
        EXPECT_EQ(flow_of(sent[0]), std::string("lan ") + from + ":80 > 10.0.0.9:4000");
        return true;
    }
    void establish() {
        ASSERT_TRUE(says(syn));
        ASSERT_TRUE(hears(syn | ack));
        ASSERT_TRUE(says(ack));
    }
    std::vector<Sent> waits(std::chrono::seconds time) { return let_pass(*net, time); }
    uint64_t ended() const { return net->router.tally(layout::Tally::nat_sessions_ended); }

    std::unique_ptr<Network> net;
    uint16_t port = 0;
};
TEST_BOTH_WAYS(NatTcp);

TEST_P(NatTcp, AConnectionIsOpenedFromInside) {
    REQUIREMENT("RFC 5382 REQ-2", "All valid sequences of packets open a connection");
    establish();
    waits(300s);
    EXPECT_TRUE(hears(ack)) << "established, and so kept for long";
}

TEST_P(NatTcp, BothSidesOpenAtOnce) {
    REQUIREMENT("RFC 5382 REQ-2",
                "All valid sequences of packets open a connection, "
                "simultaneous open among them");
    ASSERT_TRUE(says(syn));
    ASSERT_TRUE(hears(syn));
    ASSERT_TRUE(says(syn | ack));
    ASSERT_TRUE(hears(syn | ack));
    waits(300s);
    EXPECT_TRUE(hears(ack));
}

TEST_P(NatTcp, ARemoteOpensThroughAMappingThatLetsItIn) {
    REQUIREMENT("RFC 5382 REQ-3", "The filter of a mapping is the one that UDP has");
    net = with_source_rule(R"(, "filtering": "endpoint-independent")");
    ASSERT_TRUE(says(syn));
    ASSERT_TRUE(hears(syn, "192.0.2.2"));
    only(net->router.receives("lan", ipv4().to("192.0.2.2").tcp(4000, 80, syn | ack)));
    ASSERT_TRUE(hears(ack, "192.0.2.2"));
    waits(300s);
    EXPECT_TRUE(hears(ack, "192.0.2.2"));
}

TEST_P(NatTcp, AnEndpointInsideIsAtOneEndpointOutside) {
    REQUIREMENT("RFC 5382 REQ-1", "Mappings of TCP are endpoint-independent");
    establish();
    const Sent other =
        only(net->router.receives("lan", ipv4().to("192.0.2.2").tcp(4000, 443, syn)));
    EXPECT_EQ(source_port(other), port);
}

TEST_P(NatTcp, AConnectionIsKeptForTwoHoursAndFourMinutes) {
    REQUIREMENT("RFC 5382 REQ-5", "An established connection may be idle for 2 hours 4 minutes");
    establish();
    waits(7438s);
    EXPECT_TRUE(hears(ack));
    waits(7442s);
    EXPECT_FALSE(says(ack));
    EXPECT_EQ(net->router.drops(DropReason::nat_no_session), 1);
    EXPECT_EQ(ended(), 1);
}

TEST_P(NatTcp, BothSidesKeepAConnectionAlive) {
    REQUIREMENT("RFC 5382 REQ-5", "Packets of both directions count as use");
    establish();
    for (unsigned i = 0; i < 3; ++i) {
        waits(5000s);
        EXPECT_TRUE(hears(ack));
    }
    EXPECT_EQ(ended(), 0);
}

TEST_P(NatTcp, AnOpeningThatIsNotAnsweredIsKeptForFourMinutes) {
    REQUIREMENT("RFC 5382 REQ-5", "A connection that is being opened is kept for 4 minutes");
    ASSERT_TRUE(says(syn));
    waits(238s);
    EXPECT_EQ(ended(), 0);
    waits(4s);
    EXPECT_EQ(ended(), 1);
}

TEST_P(NatTcp, AClosedConnectionIsKeptForFourMinutes) {
    REQUIREMENT("RFC 7857 2", "After a FIN of both sides 4 minutes go by before the session ends");
    for (const bool ours_first : {true, false}) {
        SetUp();
        establish();
        ASSERT_TRUE(ours_first ? says(fin | ack) : hears(fin | ack));
        waits(300s);
        ASSERT_TRUE(ours_first ? hears(ack) : says(ack)) << "half closed is not closed";
        ASSERT_TRUE(ours_first ? hears(fin | ack) : says(fin | ack));
        waits(238s);
        EXPECT_EQ(ended(), 0);
        EXPECT_TRUE(says(ack)) << "the last acknowledgement";
        waits(242s);
        EXPECT_EQ(ended(), 1);
    }
}

TEST_P(NatTcp, AResetKeepsTheSessionForFourMinutes) {
    REQUIREMENT("RFC 7857 2", "After a RST the session is kept for 4 minutes");
    for (const bool ours : {true, false}) {
        SetUp();
        establish();
        ASSERT_TRUE(ours ? says(rst) : hears(rst));
        waits(238s);
        EXPECT_EQ(ended(), 0);
        waits(4s);
        EXPECT_EQ(ended(), 1);
    }
}

TEST_P(NatTcp, AResetIsUndoneByWhateverFollows) {
    REQUIREMENT("RFC 7857 2",
                "A packet after a RST, of either side, makes the session long-lived "
                "again");
    for (const bool ours : {true, false}) {
        SetUp();
        establish();
        ASSERT_TRUE(hears(rst));
        ASSERT_TRUE(ours ? says(ack) : hears(ack));
        waits(300s);
        EXPECT_EQ(ended(), 0);
        EXPECT_TRUE(hears(ack));
    }
}

TEST_P(NatTcp, AResetFromOutsideIsBelievedOnlyIfTheHostInsideHasBelievedIt) {
    REQUIREMENT("RFC 7857 2.2", "A RST that is out of the window ends nothing");
    for (const bool believed : {true, false}) {
        SetUp();
        establish();
        ASSERT_TRUE(hears(rst));
        EXPECT_TRUE(waits(233s).empty());
        const Sent question = only(waits(2s));
        EXPECT_EQ(flow_of(question), "lan 192.0.2.1:80 > 10.0.0.9:4000");
        EXPECT_EQ(question.frame.ip_payload()[13], ack);
        ASSERT_TRUE(says(believed ? rst : ack));
        EXPECT_TRUE(waits(7s).empty());
        EXPECT_EQ(ended(), believed ? 1 : 0);
        waits(7000s);
        EXPECT_EQ(hears(ack), !believed);
    }
}

TEST_P(NatTcp, AResetThatComesAgainAndAgainKeepsNothingAlive) {
    establish();
    ASSERT_TRUE(hears(rst));
    for (unsigned i = 0; i < 4; ++i) {
        waits(59s);
        EXPECT_TRUE(hears(rst));
    }
    EXPECT_EQ(ended(), 0);
    waits(5s);
    EXPECT_EQ(ended(), 1);
}

TEST_P(NatTcp, NobodyIsAskedWhetherHeHasAConnectionThatHeResetOrThatWasRefused) {
    for (const bool refused : {true, false}) {
        SetUp();
        if (refused) {
            ASSERT_TRUE(says(syn));
            ASSERT_TRUE(hears(rst | ack));
        } else {
            establish();
            ASSERT_TRUE(says(rst));
        }
        for (unsigned i = 0; i < 242; ++i) EXPECT_TRUE(waits(1s).empty());
        EXPECT_EQ(ended(), 1);
    }
}

TEST_P(NatTcp, AClosedConnectionIsOpenedAnew) {
    REQUIREMENT("RFC 1122 4.2.2.13", "A SYN may open a connection anew while the old one lingers");
    establish();
    const uint16_t before = port;
    ASSERT_TRUE(says(fin | ack));
    ASSERT_TRUE(hears(fin | ack));
    establish();
    EXPECT_EQ(port, before);
    waits(300s);
    EXPECT_TRUE(hears(ack));
}

TEST_P(NatTcp, AnIcmpErrorDoesNotEndTheConnection) {
    REQUIREMENT("RFC 5382 REQ-10", "An ICMP error does not end a connection");
    establish();
    const Sent sent = only(net->router.receives("lan", ipv4().to(remote).tcp(4000, 80, ack)));
    for (uint8_t code = 0; code < 16; ++code) {
        only(net->router.receives("wan", ipv4().from(remote).to(outside).icmp(3, code).payload(
                                             packet_in(sent.frame.bytes()))));
    }
    waits(300s);
    EXPECT_TRUE(hears(ack));
}

TEST_P(NatTcp, TwoHostsInsideTalkByTheirEndpointsOutside) {
    REQUIREMENT("RFC 5382 REQ-8", "A hairpinned connection has the external source");
    net = with_source_rule(R"(, "filtering": "endpoint-independent")");
    ASSERT_TRUE(says(syn));
    const Sent there =
        only(net->router.receives("lan", ipv4().from(neighbour).to(outside).tcp(7000, port, syn)));
    const uint16_t theirs = source_port(there);
    EXPECT_EQ(flow_of(there), at_port("lan 203.0.113.2", theirs, " > 10.0.0.9:4000"));
    const Sent back =
        only(net->router.receives("lan", ipv4().to(outside).tcp(4000, theirs, syn | ack)));
    EXPECT_EQ(flow_of(back), at_port("lan 203.0.113.2", port, " > 10.0.0.8:7000"));
}

TEST_P(NatTcp, WhatTheFilterKeepsOutDrawsNoError) {
    REQUIREMENT("RFC 5382 REQ-4", "A segment that is not let in, no SYN, is dropped silently");
    establish();
    EXPECT_FALSE(hears(ack, "192.0.2.2"));
    EXPECT_TRUE(net->router.waits(8s).empty());
}

}  // namespace
}  // namespace sluice::test
