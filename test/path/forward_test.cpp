// SPDX-License-Identifier: BSD-3-Clause
#include <random>

#include "lib/net/checksum.h"
#include "test/path/network.h"

namespace sluice::test {
namespace {

class Forwarding : public BothWays {};
TEST_BOTH_WAYS(Forwarding);

TEST_P(Forwarding, SendsToTheGatewayOneHopOlder) {
    REQUIREMENT("RFC 1812 5.3.1", "The time to live is lowered by one when a packet is forwarded");
    const Sent sent = only(router().receives("lan", ipv4().ttl(64).udp(1000, 53)));
    EXPECT_EQ(sent.interface, "wan");
    EXPECT_EQ(sent.frame.ethernet().destination, network().gateway);
    EXPECT_EQ(sent.frame.ethernet().source, router().mac_of("wan"));
    EXPECT_EQ(sent.frame.ipv4().ttl, 63);
    EXPECT_TRUE(sent.frame.checksums_hold());
    EXPECT_EQ(router().all_drops(), 0u);
    EXPECT_EQ(router().pool().outstanding(), 0u);
}

TEST_P(Forwarding, SendsToAHostOnAConnectedNetwork) {
    const Sent sent = only(router().receives("wan", ipv4().from("192.0.2.1").to("10.0.0.9")));
    EXPECT_EQ(sent.interface, "lan");
    EXPECT_EQ(sent.frame.ethernet().destination, network().host);
}

TEST_P(Forwarding, ChangesNothingButTtlAndChecksum) {
    REQUIREMENT("RFC 6864 4.3", "The DF bit of a packet in transit is not cleared");
    Bytes frame = ipv4().tos(0xbf).id(0xabcd).ttl(9).dont_fragment().tcp(1, 2).payload(999);
    const Sent sent = only(router().receives("lan", frame));
    frame[14 + 8] = 8;
    auto& ip = *reinterpret_cast<net::Ipv4Header*>(frame.data() + 14);
    net::fill_checksum(ip);
    EXPECT_TRUE(std::equal(frame.begin() + 14, frame.end(), sent.frame.bytes().begin() + 14,
                           sent.frame.bytes().end()));
}

TEST_P(Forwarding, PassesTheReservedFlagOn) {
    REQUIREMENT("RFC 1812 4.2.2.3", "A packet is not dropped for its reserved bits");
    Bytes frame = ipv4();
    frame[14 + 6] |= 0x80;
    net::fill_checksum(*reinterpret_cast<net::Ipv4Header*>(frame.data() + 14));
    EXPECT_EQ(only(router().receives("lan", frame)).frame.ipv4().flags_and_offset.host(), 0x8000);
}

TEST_P(Forwarding, KeepsTheChecksumTrueForEveryOneThereIs) {
    REQUIREMENT("RFC 1624 3",
                "The checksum that is updated equals the one computed anew, also at "
                "0xffff and 0x0000");
    // The identification runs through all values, so the checksum does too.
    for (unsigned id = 0; id < 0x10000; id += 64) {
        std::vector<Bytes> burst;
        for (unsigned i = 0; i < 64; ++i) burst.push_back(ipv4().id(static_cast<uint16_t>(id + i)));
        const auto sent = router().receives("lan", burst);
        ASSERT_EQ(sent.size(), 64u);
        for (const Sent& s : sent) {
            net::Ipv4Header anew = s.frame.ipv4();
            net::fill_checksum(anew);
            ASSERT_EQ(s.frame.ipv4().checksum, anew.checksum)
                << s.frame.ipv4().identification.host();
        }
    }
}

TEST_P(Forwarding, AcceptsAChecksumOfAllOnesForZero) {
    for (unsigned id = 0; id < 0x10000; ++id) {
        net::Ipv4Header ip = Frame(ipv4().id(static_cast<uint16_t>(id))).ipv4();
        if (ip.checksum != net::be16(0)) continue;
        const auto frame = ipv4().id(static_cast<uint16_t>(id)).checksum(0xffff);
        EXPECT_TRUE(only(router().receives("lan", frame)).frame.checksums_hold());
        return;
    }
    FAIL() << "no identification gives a checksum of zero";
}

TEST_P(Forwarding, KeepsTheOrderOfABurst) {
    std::vector<Bytes> burst;
    for (uint16_t i = 0; i < 200; ++i) burst.push_back(ipv4().id(i));
    const auto sent = router().receives("lan", burst);
    ASSERT_EQ(sent.size(), 200u);
    for (uint16_t i = 0; i < 200; ++i) EXPECT_EQ(sent[i].frame.ipv4().identification.host(), i);
}

// The fast way counts the whole burst, what it leaves to the plain way included.
TEST(Counting, CountsWhatCameIn) {
    Network net;
    net.router.receives("lan", ipv4().payload(100));
    const auto& counters = net.router.context().counters.interfaces[net.router.id_of("lan")];
    EXPECT_EQ(counters.rx_packets.get(), 1u);
    EXPECT_EQ(counters.rx_bytes.get(), 134u);
}

TEST_P(Forwarding, SendsJumboFramesWholeThatLieInAChainOfBuffers) {
    Network net({.lan = R"(, "mtu": 9001)", .wan = R"(, "mtu": 9001)"});
    use_way(net.router);
    const Bytes frame = ipv4().payload(9001 - 20).dont_fragment();
    const Sent sent = only(net.router.receives("lan", frame));
    EXPECT_TRUE(std::equal(frame.begin() + 34, frame.end(), sent.frame.bytes().begin() + 34,
                           sent.frame.bytes().end()));
    EXPECT_EQ(net.router.tally(layout::Tally::packets_fragmented), 0u);
}

TEST_P(Forwarding, SendsBackByTheInterfaceItCameFromWithRedirectsOff) {
    Network net({.lan = R"(, "redirects": false)"});
    use_way(net.router);
    net.router.knows("lan", "10.0.0.10", net.peer);
    EXPECT_EQ(only(net.router.receives("lan", ipv4().to("10.0.0.10"))).interface, "lan");
}

class TimeToLive : public BothWays {};
TEST_BOTH_WAYS(TimeToLive);

TEST_P(TimeToLive, RunsOutAtOneAndAtZero) {
    REQUIREMENT("RFC 1812 5.3.1",
                "A packet whose time to live runs out is discarded, and its "
                "source told: time exceeded in transit");
    EXPECT_TRUE(is_error(router().receives("lan", ipv4().ttl(1)), 11, 0, "10.0.0.1", "10.0.0.9"));
    EXPECT_TRUE(is_error(router().receives("lan", ipv4().ttl(0)), 11, 0, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(router().drops(DropReason::ttl_expired), 2u);
    EXPECT_EQ(only(router().receives("lan", ipv4().ttl(2))).frame.ipv4().ttl, 1);
}

TEST_P(TimeToLive, IsNotLookedAtOnPacketsToTheRouter) {
    REQUIREMENT("RFC 1812 4.2.2.9", "The time to live of packets to the router is not checked");
    for (uint8_t ttl : {uint8_t{0}, uint8_t{1}}) {
        const auto sent = router().receives("lan", ipv4().to("10.0.0.1").ttl(ttl).echo_request());
        EXPECT_TRUE(is_error(sent, 0, 0, "10.0.0.1", "10.0.0.9"));
    }
}

TEST_P(TimeToLive, QuotesThePacketAsItCame) {
    REQUIREMENT("RFC 1812 4.3.2.3", "The header that an error quotes is as it was received");
    const Bytes frame = ipv4().ttl(1).udp(33434, 33435);
    const Sent sent = only(router().receives("lan", frame));
    EXPECT_EQ(sent.frame.quoted(), Bytes(frame.begin() + 14, frame.end()));
}

}  // namespace
}  // namespace sluice::test
