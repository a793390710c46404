// SPDX-License-Identifier: BSD-3-Clause
#include "test/path/network.h"

namespace sluice::test {
namespace {

Bytes bytes_behind_ethernet(const Bytes& frame) { return Bytes(frame.begin() + 14, frame.end()); }

// Every packet here would draw a time exceeded if it may.
Ipv4Builder dying() { return ipv4().ttl(1); }

TEST(IcmpError, ComesFromTheInterfaceThatReceivedThePacket) {
    Network net;
    EXPECT_TRUE(is_error(net.router.receives("lan", dying()), 11, 0, "10.0.0.1", "10.0.0.9"));
    EXPECT_TRUE(is_error(net.router.receives("dmz", dying()), 11, 0, "172.16.0.1", "10.0.0.9"));
}

TEST(IcmpError, ComesFromTheAddressOnTheSourcesNetworkWhereThereAreSeveral) {
    TestRouter router(R"({ "interfaces": { "lan": { "device": "net_null0",
        "addresses": ["10.0.0.1/24", "10.0.7.1/24"] } } })");
    router.knows("lan", "10.0.7.9", mac("02:00:00:00:00:99"));
    EXPECT_TRUE(is_error(router.receives("lan", dying().from("10.0.7.9").to("8.8.8.8")), 3, 0,
                         "10.0.7.1", "10.0.7.9"));
}

TEST(IcmpError, ComesFromAnotherInterfaceWhereTheReceivingOneHasNoAddress) {
    TestRouter router(R"({ "interfaces": {
        "in": { "device": "net_null0" },
        "lan": { "device": "net_null1", "addresses": ["10.0.0.1/24"] } } })");
    router.knows("lan", "10.0.0.9", mac("02:00:00:00:00:99"));
    EXPECT_TRUE(
        is_error(router.receives("in", dying().to("8.8.8.8")), 3, 0, "10.0.0.1", "10.0.0.9"));
}

TEST(IcmpError, IsNotSentByARouterWithoutAnyAddress) {
    TestRouter router(R"({ "interfaces": { "in": { "device": "net_null0" } } })");
    EXPECT_TRUE(router.receives("in", dying()).empty());
    EXPECT_EQ(router.drops(DropReason::no_route), 1u);
}

TEST(IcmpError, QuotesAsMuchAsFitsIntoFiveHundredSeventySixBytes) {
    REQUIREMENT("RFC 1812 4.3.2.3",
                "An error quotes as much of the packet as fits without exceeding 576 bytes");
    Network net;
    const Bytes frame = dying().payload(1400);
    const Sent sent = only(net.router.receives("lan", frame));
    EXPECT_EQ(sent.frame.ipv4().total_length.host(), 576);
    const Bytes quote = bytes_behind_ethernet(frame);
    EXPECT_EQ(sent.frame.quoted(), Bytes(quote.begin(), quote.begin() + 548));
}

TEST(IcmpError, QuotesOverAllBuffersOfThePacketAndLeavesPaddingOut) {
    Network net;
    const Bytes frame = dying().payload(200).padding(50);
    const Sent sent = only(net.router.receives_in_pieces("lan", frame, 50));
    EXPECT_EQ(sent.frame.quoted(), Bytes(frame.begin() + 14, frame.end() - 50));
}

TEST(IcmpError, HasAFullTtlAndThePrecedenceOfInternetworkControl) {
    REQUIREMENT("RFC 1812 4.3.2.2", "An error's TTL is not taken from the packet that provoked it");
    REQUIREMENT("RFC 1812 4.3.2.5", "Errors are sent with precedence 6");
    Network net;
    const Sent sent = only(net.router.receives("lan", dying().tos(0x1c)));
    EXPECT_EQ(sent.frame.ipv4().ttl, 64);
    EXPECT_EQ(sent.frame.ipv4().tos, 0xc0);
}

TEST(IcmpError, IsRoutedLikeAnyPacket) {
    Network net;
    const Sent sent = only(net.router.receives("lan", dying().from("192.0.2.77")));
    EXPECT_EQ(sent.interface, "wan");
    EXPECT_EQ(sent.frame.ethernet().destination, net.gateway);
}

TEST(IcmpError, IsNotSentAboutAnIcmpError) {
    REQUIREMENT("RFC 1812 4.3.2.7", "No error is sent about an ICMP error");
    for (uint8_t type : {3, 4, 5, 11, 12}) {
        Network net;
        EXPECT_TRUE(net.router.receives("lan", dying().icmp(type, 0)).empty()) << int{type};
    }
    Network net;
    EXPECT_EQ(net.router.receives("lan", dying().icmp(8, 0)).size(), 1u);
}

TEST(IcmpError, IsNotSentAboutIcmpThatIsTooShortToHaveAType) {
    Network net;
    EXPECT_TRUE(net.router.receives("lan", dying().protocol(1).payload(0)).empty());
}

TEST(IcmpError, IsNotSentAboutAnythingButAFirstFragment) {
    REQUIREMENT("RFC 1812 4.3.2.7", "No error is sent about a fragment other than the first");
    Network net;
    EXPECT_TRUE(net.router.receives("lan", dying().fragment(8, true)).empty());
    EXPECT_TRUE(net.router.receives("lan", dying().fragment(8, false)).empty());
    EXPECT_EQ(net.router.receives("lan", dying().fragment(0, true)).size(), 1u);
}

TEST(IcmpError, IsNotSentAboutABroadcastOrMulticastPacket) {
    REQUIREMENT("RFC 1812 4.3.2.7",
                "No error is sent about a packet to an IP broadcast or "
                "multicast address");
    Network net({.dmz = R"(, "directed_broadcast": true, "mtu": 576)"});
    for (const char* to : {"224.0.0.9", "255.255.255.255", "172.16.0.255", "172.16.0.0"}) {
        EXPECT_TRUE(net.router.receives("lan", dying().to(to)).empty()) << to;
    }
    EXPECT_TRUE(net.router.receives("lan", ipv4().to("172.16.0.255").payload(600)).empty());
    EXPECT_EQ(net.router.drops(DropReason::too_big), 1u);
}

TEST(IcmpError, IsNotSentAboutALinkBroadcast) {
    REQUIREMENT("RFC 1812 4.3.2.7",
                "No error is sent about a packet received as a link layer "
                "broadcast or multicast");
    Network net;
    EXPECT_TRUE(net.router.receives("lan", dying().to_mac(net::broadcast_mac)).empty());
    EXPECT_TRUE(
        net.router.receives("lan", ipv4().to("8.8.8.8").to_mac(net::broadcast_mac)).empty());
    EXPECT_TRUE(
        net.router.receives("lan", ipv4().to("8.8.8.8").to_mac(mac("01:00:5e:01:02:03"))).empty());
}

TEST(IcmpError, IsNotSentToASourceThatIsNoSingleHost) {
    REQUIREMENT("RFC 1812 4.3.2.7",
                "No error is sent about a packet whose source is no single host");
    Network net;
    for (const char* from :
         {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.0.0.255"}) {
        EXPECT_TRUE(net.router.receives("lan", dying().from(from)).empty()) << from;
    }
}

TEST(IcmpError, IsLimitedInRateForEachSource) {
    REQUIREMENT("RFC 1812 4.3.2.8", "The rate of ICMP errors is limited");
    Network net(
        {.rest = R"(, "icmp": { "errors_per_second": 100, "errors_per_source_per_second": 5 })"});
    const auto errors_to = [&](const char* source, unsigned packets) {
        size_t errors = 0;
        for (unsigned i = 0; i < packets; ++i) {
            errors += net.router.receives("lan", dying().from(source)).size();
        }
        return errors;
    };
    EXPECT_EQ(errors_to("10.0.0.9", 20), 5u);
    EXPECT_EQ(net.router.tally(layout::Tally::icmp_errors_limited), 15u);
    EXPECT_EQ(net.router.drops(DropReason::ttl_expired), 20u);
    EXPECT_EQ(errors_to("192.0.2.4", 20), 5u) << "another source has its own share";
    net.router.waits(1s);
    EXPECT_EQ(errors_to("10.0.0.9", 20), 5u);
}

TEST(IcmpError, IsLimitedInRateForAllSourcesTogether) {
    Network net(
        {.rest = R"(, "icmp": { "errors_per_second": 20, "errors_per_source_per_second": 5 })"});
    size_t errors = 0;
    for (unsigned i = 0; i < 200; ++i) {
        errors += net.router.receives("lan", dying().from("192.0.2." + std::to_string(i))).size();
    }
    EXPECT_EQ(errors, 20u);
}

TEST(IcmpError, IsNotSentAtARateOfZero) {
    Network net({.rest = R"(, "icmp": { "errors_per_second": 0 })"});
    EXPECT_TRUE(net.router.receives("lan", dying()).empty());
}

TEST(IcmpError, IsNotSentWithoutABuffer) {
    Network net;
    net.router.pool().limit_to(1);
    EXPECT_TRUE(net.router.receives("lan", dying()).empty());
    EXPECT_EQ(net.router.drops(DropReason::ttl_expired), 1u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST(IcmpError, IsNeverASourceQuench) {
    REQUIREMENT("RFC 1812 4.3.3.3", "Source quench is never sent");
    Network net;
    net.router.pool().limit_to(arp::Waiting::packets_each + 1);
    std::vector<Sent> sent;
    for (unsigned i = 0; i < 100; ++i) {
        for (auto& s : net.router.receives("lan", ipv4().to("10.0.0.200"))) sent.push_back(s);
    }
    EXPECT_FALSE(sent.empty());
    for (const Sent& s : sent) EXPECT_FALSE(s.frame.is_icmp(4, 0));
}

TEST(IcmpError, WaitsForTheSourcesMacWhereItIsNotKnown) {
    Network net;
    const Sent request = only(net.router.receives("lan", dying().from("10.0.0.50")));
    EXPECT_TRUE(request.frame.is_arp());
    EXPECT_EQ(net.router.tally(layout::Tally::packets_held), 1u);
}

class Redirects : public ::testing::Test {
  protected:
    void SetUp() override { net.router.knows("lan", "10.0.0.10", other); }
    const net::MacAddress other = mac("02:00:00:00:00:10");
    Network net{Wishes{.routes = R"(, { "prefix": "9.0.0.0/8", "via": "10.0.0.10" })"}};
};

TEST_F(Redirects, TellTheSourceOfAShorterWayAndForwardThePacketToo) {
    REQUIREMENT("RFC 1812 5.2.7.2",
                "A packet that leaves by the interface it came by, to a next hop "
                "on its source's network, draws a host redirect");
    REQUIREMENT("RFC 1812 5.2.7.2", "A redirect's source is on the network of its destination");
    const auto sent = net.router.receives("lan", ipv4().to("9.0.0.8"));
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_TRUE(is_error({sent[0]}, 5, 1, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(net::Be32(net::be32(ip("10.0.0.10").value)),
              net::be32(static_cast<uint32_t>(sent[0].frame.icmp().word1.host()) << 16 |
                        sent[0].frame.icmp().word2.host()));
    EXPECT_EQ(sent[1].frame.ethernet().destination, other);
    EXPECT_EQ(sent[1].frame.ipv4().ttl, 63);
    EXPECT_EQ(net.router.tally(layout::Tally::icmp_redirects_sent), 1u);
    EXPECT_EQ(net.router.all_drops(), 0u);
}

TEST_F(Redirects, NameTheDestinationItselfOnAConnectedNetwork) {
    const auto sent = net.router.receives("lan", ipv4().to("10.0.0.10"));
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(sent[0].frame.icmp().word2.host(), 10);
}

TEST_F(Redirects, AreNotSentToASourceOnAnotherNetwork) {
    REQUIREMENT("RFC 1812 5.2.7.2",
                "No redirect is sent to a source that the next hop is not on a "
                "network with");
    EXPECT_EQ(only(net.router.receives("lan", ipv4().from("192.0.2.8").to("9.0.0.8"))).interface,
              "lan");
}

TEST_F(Redirects, AreNotSentAboutASourceRoutedPacket) {
    REQUIREMENT("RFC 1812 5.2.7.2", "No redirect is sent about a source routed packet");
    net.router.apply(config_of({.lan = R"(, "source_routing": true)",
                                .routes = R"(, { "prefix": "9.0.0.0/8", "via": "10.0.0.10" })"}));
    const auto sent =
        net.router.receives("lan", ipv4().to("9.0.0.8").options({131, 7, 4, 9, 0, 0, 7}));
    EXPECT_FALSE(only(sent).frame.is_icmp(5, 1));
}

TEST_F(Redirects, CanBeSwitchedOff) {
    net.router.apply(config_of({.lan = R"(, "redirects": false)",
                                .routes = R"(, { "prefix": "9.0.0.0/8", "via": "10.0.0.10" })"}));
    EXPECT_FALSE(only(net.router.receives("lan", ipv4().to("9.0.0.8"))).frame.is_icmp(5, 1));
}

TEST_F(Redirects, AreLimitedInRateWhileThePacketsAreNot) {
    std::vector<Sent> sent;
    for (unsigned i = 0; i < 50; ++i) {
        for (auto& s : net.router.receives("lan", ipv4().to("9.0.0.8"))) sent.push_back(s);
    }
    EXPECT_EQ(sent.size(), 50u + 10u);
}

}  // namespace
}  // namespace sluice::test
