// SPDX-License-Identifier: BSD-3-Clause
#include <random>

#include "lib/net/checksum.h"
#include "test/path/network.h"

namespace sluice::test {
namespace {

Wishes wan_mtu(unsigned mtu, std::string lan_mtu = "9001") {
    return {.lan = R"(, "mtu": )" + lan_mtu, .wan = R"(, "mtu": )" + std::to_string(mtu)};
}

class TooBig : public BothWays {};
TEST_BOTH_WAYS(TooBig);

TEST_P(TooBig, IsToldWithTheNextHopsMtuWhenItMayNotBeFragmented) {
    REQUIREMENT("RFC 1191 4",
                "A packet with DF that is too big draws fragmentation needed with the "
                "next-hop MTU");
    Network net(wan_mtu(1400));
    use_way(net.router);
    const Bytes frame = ipv4().payload(1381).dont_fragment();
    const auto sent = net.router.receives("lan", frame);
    EXPECT_TRUE(is_error(sent, 3, 4, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(sent[0].frame.icmp().word1.host(), 0);
    EXPECT_EQ(sent[0].frame.icmp().word2.host(), 1400);
    EXPECT_EQ(sent[0].frame.quoted(), Bytes(frame.begin() + 14, frame.begin() + 14 + 548));
    EXPECT_EQ(net.router.drops(DropReason::too_big), 1u);
}

TEST_P(TooBig, IsNotWhatFitsExactly) {
    Network net(wan_mtu(1400));
    use_way(net.router);
    EXPECT_EQ(only(net.router.receives("lan", ipv4().payload(1380).dont_fragment())).frame.size(),
              1414u);
}

TEST_P(TooBig, IsFragmentedWhenItMay) {
    REQUIREMENT(
        "RFC 1812 4.2.2.7",
        "A packet without DF that is too big is fragmented, into as few as will do, in order");
    Network net(wan_mtu(576));
    use_way(net.router);
    const auto sent = net.router.receives("lan", ipv4().ttl(9).id(0x77).payload(1400));
    ASSERT_EQ(sent.size(), 3u);
    unsigned offset = 0;
    for (const Sent& s : sent) {
        const net::Ipv4Header& ip = s.frame.ipv4();
        EXPECT_EQ(s.frame.ethernet().destination, net.gateway);
        EXPECT_EQ(ip.fragment_offset(), offset);
        EXPECT_EQ(ip.more_fragments(), &s != &sent.back());
        EXPECT_EQ(ip.ttl, 8);
        EXPECT_EQ(ip.identification.host(), 0x77);
        EXPECT_TRUE(s.frame.checksums_hold());
        offset += static_cast<unsigned>(s.frame.ip_payload().size());
    }
    EXPECT_EQ(offset, 1400u);
    EXPECT_EQ(sent[0].frame.ip_payload().size(), 552u) << "as much as fits, in words of eight";
    EXPECT_EQ(net.router.tally(layout::Tally::packets_fragmented), 1u);
    EXPECT_EQ(net.router.tally(layout::Tally::fragments_sent), 3u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_P(TooBig, MayBeAFragmentItself) {
    REQUIREMENT("RFC 791 3.2", "A fragment can be fragmented again");
    Network net(wan_mtu(576));
    use_way(net.router);
    const auto middle = net.router.receives("lan", ipv4().payload(800).fragment(1600, true));
    ASSERT_EQ(middle.size(), 2u);
    EXPECT_EQ(middle[0].frame.ipv4().fragment_offset(), 1600u);
    EXPECT_EQ(middle[1].frame.ipv4().fragment_offset(), 1600u + 552);
    EXPECT_TRUE(middle[1].frame.ipv4().more_fragments());
    const auto last = net.router.receives("lan", ipv4().payload(801).fragment(1600, false));
    ASSERT_EQ(last.size(), 2u);
    EXPECT_TRUE(last[0].frame.ipv4().more_fragments());
    EXPECT_FALSE(last[1].frame.ipv4().more_fragments());
}

TEST(Fragments, HaveOptionsByTheirCopiedBit) {
    REQUIREMENT("RFC 791 3.1",
                "Options go into all fragments or the first alone, by their copied bit");
    Network net(wan_mtu(576));
    const Bytes options{1, 0x94, 4, 0, 0, 0x1e, 3, 9};  // router alert (copied), unknown 30 (not)
    const auto sent = net.router.receives("lan", ipv4().options(options).payload(1000));
    ASSERT_EQ(sent.size(), 2u);
    const auto options_of_frame = [](const Frame& f) {
        return Bytes(f.bytes().begin() + 34, f.bytes().begin() + 14 + f.ipv4().header_length());
    };
    EXPECT_EQ(options_of_frame(sent[0].frame), options);
    EXPECT_EQ(options_of_frame(sent[1].frame), (Bytes{0x94, 4, 0, 0}));
    EXPECT_TRUE(sent[0].frame.checksums_hold() && sent[1].frame.checksums_hold());
}

TEST(Fragments, AreMadeOfTheLargestPacketForTheSmallestLink) {
    Network net(wan_mtu(68));
    EXPECT_EQ(net.router.receives("lan", ipv4().payload(9001 - 20)).size(), 188u);
    EXPECT_EQ(net.router.all_drops(), 0u);
}

TEST(Fragments, AreSentAllOrNone) {
    Network net(wan_mtu(576));
    net.router.pool().limit_to(3);
    EXPECT_TRUE(net.router.receives("lan", ipv4().payload(1400)).empty());
    EXPECT_EQ(net.router.drops(DropReason::no_buffer), 1u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST(Fragments, WaitForTheNeighbourLikeAnyPacket) {
    Network net({.dmz = R"(, "mtu": 576)"});
    net.router.receives("lan", ipv4().to("172.16.0.50").payload(1400));
    net.router.receives("dmz", Arp{.operation = net::arp_reply,
                                   .sender_mac = mac("02:00:00:00:02:50"),
                                   .sender = "172.16.0.50",
                                   .target_mac = net.router.mac_of("dmz"),
                                   .target = "172.16.0.1",
                                   .to = net.router.mac_of("dmz")});
    EXPECT_EQ(net.router.waits(100ms).size(), 3u);
}

// Random packets over random links, and on through a second router whose reassembler is the judge.
TEST(Fragments, BecomeTheOriginalAgain) {
    std::mt19937 random(42);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    for (unsigned round = 0; round < 40; ++round) {
        const unsigned mtu = 68 + 8 + below(1500);
        Network first(wan_mtu(mtu));
        TestRouter second(R"({ "interfaces": { "in": { "device": "net_null0", "mtu": 9001,
            "addresses": ["192.0.2.1/24"] } }, "routes": [] })");
        second.knows("in", "192.0.2.9", mac("02:00:00:00:01:01"));
        for (unsigned i = 0; i < 50; ++i) {
            Bytes options;
            while (below(3) > 0 && options.size() < 28) {
                const uint8_t kinds[] = {1, 0x94, 0x1e, 0x9e};
                const uint8_t kind = kinds[below(4)];
                options.push_back(kind);
                if (kind == 1) continue;
                const auto length = static_cast<uint8_t>(2 + below(7));
                options.push_back(length);
                for (unsigned b = 2; b < length; ++b)
                    options.push_back(static_cast<uint8_t>(random()));
            }
            Bytes data(below(3000));
            for (auto& b : data) b = static_cast<uint8_t>(random());
            const auto id = static_cast<uint16_t>(round * 50 + i);
            auto packet = ipv4()
                              .from("192.0.2.9")
                              .to("192.0.2.1")
                              .id(id)
                              .options(options)
                              .payload(data)
                              .echo_request(id, 1);
            auto sent = first.router.receives("lan", packet);
            ASSERT_FALSE(sent.empty());
            std::shuffle(sent.begin(), sent.end(), random);
            std::vector<Sent> replies;
            for (const Sent& s : sent) {
                ASSERT_LE(s.frame.ipv4().total_length.host(), std::max(mtu, 20u));
                ASSERT_TRUE(net::checksum_holds(&s.frame.ipv4(), s.frame.ipv4().header_length()));
                Bytes frame = s.frame.bytes();
                std::copy_n(second.mac_of("in").bytes.begin(), 6, frame.begin());
                for (auto& r : second.receives("in", frame)) replies.push_back(r);
            }
            const Sent reply = only(replies);
            ASSERT_TRUE(reply.frame.is_icmp(0, 0)) << reply.frame.describe();
            ASSERT_TRUE(reply.frame.checksums_hold());
            ASSERT_EQ(reply.frame.quoted(), data);
        }
        EXPECT_EQ(second.all_drops(), 0u);
        EXPECT_EQ(second.pool().outstanding(), 0u);
    }
}

}  // namespace
}  // namespace sluice::test
