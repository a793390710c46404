// SPDX-License-Identifier: BSD-3-Clause
// GRE in UDP (RFC 8086).
#include <set>

#include "dataplane/tunnel/send.h"
#include "test/path/udp_tunnels.h"

namespace sluice::test {
namespace {

class GreInUdp : public Tunnelling {
  protected:
    TestRouter& router_with_udp(const std::string& more = {}, const std::string& rest = {}) {
        return router_with({.there = R"("type": "gre", "udp_port": 4754)" + more, .rest = rest});
    }
};
TEST_BOTH_WAYS(GreInUdp);

// The frame with another length in UDP's header, and the checksum that it then has.
Bytes with_length(const Ipv4Builder& packet, uint16_t length) {
    Bytes frame = Ipv4Builder(packet).no_transport_checksum();
    frame[udp_at + 4] = static_cast<uint8_t>(length >> 8);
    frame[udp_at + 5] = static_cast<uint8_t>(length);
    return frame;
}

TEST_P(GreInUdp, HeaderSaysPortAndLengthAndTheFlowInside) {
    REQUIREMENT("RFC 8086 3.2.1", "The source port is of 49152 to 65535, and the flow's inside");
    REQUIREMENT("RFC 8086 3.2.2", "The destination port is 4754");
    REQUIREMENT("RFC 8086 3.2.4", "UDP's length covers its header, GRE's, and what is inside");
    REQUIREMENT("RFC 8086 3.2.3", "A checksum of zero is sent in IPv4, which has one of its own");
    TestRouter& router = router_with_udp();
    std::set<uint16_t> sources;
    for (uint16_t flow = 1; flow <= 50; ++flow) {
        std::set<uint16_t> of_one;
        for (const size_t size : {1, 2, 99, 1400}) {
            const Sent sent =
                only(router.receives("lan", ipv4().to("10.9.0.5").udp(flow, 53).payload(size)));
            EXPECT_EQ(sent.interface, "wan");
            const Frame& frame = sent.frame;
            EXPECT_EQ(frame.size(), boxed_inner_at + 20 + 8 + size);
            EXPECT_TRUE(net::checksum_holds(frame.bytes().data() + 14, 20));
            EXPECT_EQ(frame.ipv4().protocol, 17);
            EXPECT_EQ(frame.ipv4().total_length.host(), frame.size() - 14);
            EXPECT_GE(word_at(frame, udp_at), 49152);
            EXPECT_EQ(word_at(frame, udp_at + 2), gre_in_udp);
            EXPECT_EQ(word_at(frame, udp_at + 4), frame.size() - udp_at);
            EXPECT_EQ(word_at(frame, udp_at + 6), 0);
            EXPECT_EQ(word_at(frame, boxed_gre_at), 0);
            EXPECT_EQ(word_at(frame, boxed_gre_at + 2), 0x0800);
            of_one.insert(word_at(frame, udp_at));
        }
        EXPECT_EQ(of_one.size(), 1u) << "one flow, one port";
        sources.merge(of_one);
    }
    EXPECT_GT(sources.size(), 45u) << "flows differ";
}

TEST_P(GreInUdp, IsTakenOutWithAChecksumAndWithout) {
    REQUIREMENT("RFC 8086 3.2.3", "A packet whose UDP checksum is zero is taken in");
    REQUIREMENT("RFC 8086 3.2.3", "A UDP checksum that is not zero is verified");
    TestRouter& router = router_with_udp();
    for (const size_t size : {0, 1, 2, 99, 1300}) {
        const Bytes packet = ip_bytes(inner().udp(7, 8).payload(size));
        for (const Bytes& frame :
             {Bytes(boxed(packet)), Bytes(boxed(packet).no_transport_checksum())}) {
            const Sent sent = only(router.receives("wan", frame));
            EXPECT_EQ(sent.interface, "lan");
            EXPECT_EQ(sent.frame.ip_payload(), Frame(inner().udp(7, 8).payload(size)).ip_payload());
        }
    }
    EXPECT_EQ(router.context().counters.interfaces[router.id_of("there")].rx_packets.get(), 10u);
}

TEST_P(GreInUdp, WithAWrongChecksumIsDropped) {
    REQUIREMENT("RFC 8086 3.2.3", "A packet whose UDP checksum is wrong is dropped");
    TestRouter& router = router_with_udp();
    const Bytes whole = boxed(ip_bytes(inner().payload(30)));
    unsigned wrong = 0;
    for (size_t at = udp_at; at < whole.size(); ++at) {
        if (at >= udp_at + 2 && at < udp_at + 6) continue;  // the port and the length tell first
        Bytes frame = whole;
        frame[at] ^= 0x10;
        EXPECT_TRUE(router.receives("wan", frame).empty()) << at;
        EXPECT_EQ(router.drops(DropReason::tunnel_udp_checksum), ++wrong) << at;
    }
    const auto pieces = router.addressed("wan", boxed(ip_bytes(inner().payload(701))));
    EXPECT_EQ(only(router.receives_in_pieces("wan", pieces, 66)).interface, "lan");
}

TEST_P(GreInUdp, ToAnotherPortIsNotOurs) {
    TestRouter& router = router_with_udp();
    const Bytes packet = ip_bytes(inner());
    EXPECT_TRUE(is_error(router.receives("wan", boxed(packet, plain_gre, 4755)), 3, 3,
                         "203.0.113.2", "198.51.100.9"));
    EXPECT_EQ(router.drops(DropReason::port_unreachable), 1u);
}

TEST_P(GreInUdp, IsTakenFromTheRemoteAloneUnlessTold) {
    const Bytes packet = ip_bytes(inner());
    const Ipv4Builder stranger = boxed(packet).from("198.51.100.77");
    {
        TestRouter& router = router_with_udp();
        EXPECT_TRUE(router.receives("wan", stranger).empty());
        EXPECT_EQ(router.drops(DropReason::tunnel_unknown), 1u);
    }
    TestRouter& router = router_with_udp(R"(, "any_remote": true)");
    EXPECT_EQ(only(router.receives("wan", stranger)).interface, "lan");
    Ipv4Builder without = stranger;
    EXPECT_EQ(only(router.receives("wan", without.no_transport_checksum())).interface, "lan");
}

TEST_P(GreInUdp, CutShortAnywhereIsDropped) {
    TestRouter& router = router_with_udp();
    const Bytes whole = boxed(ip_bytes(inner().payload(20))).no_transport_checksum();
    constexpr size_t behind_the_ports = udp_at + 4;  // without them it is nobody's
    for (size_t length = behind_the_ports; length < whole.size(); ++length) {
        Bytes frame(whole.begin(), whole.begin() + static_cast<long>(length));
        auto& ip = *reinterpret_cast<net::Ipv4Header*>(frame.data() + 14);
        ip.total_length = net::be16(static_cast<uint16_t>(length - 14));
        net::fill_checksum(ip);
        EXPECT_TRUE(router.receives("wan", frame).empty()) << length;
    }
    EXPECT_EQ(router.all_drops(), whole.size() - behind_the_ports);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(GreInUdp, EndsWhereUdpSays) {
    TestRouter& router = router_with_udp();
    const Bytes packet = ip_bytes(inner().payload(20));
    const auto length = static_cast<uint16_t>(8 + 4 + packet.size());
    const Bytes behind = packet + Bytes(30);
    EXPECT_EQ(only(router.receives("wan", with_length(boxed(behind), length))).frame.ip_payload(),
              Frame(inner().payload(20)).ip_payload());
    // What is inside must not reach beyond it.
    EXPECT_TRUE(router.receives("wan", with_length(boxed(packet), length - 1)).empty());
    EXPECT_EQ(router.drops(DropReason::ip_bad_total_length), 1u);
    for (const uint16_t wrong : {0, 1, 7, length + 1, 65535}) {
        EXPECT_TRUE(router.receives("wan", with_length(boxed(packet), wrong)).empty()) << wrong;
    }
    EXPECT_EQ(router.drops(DropReason::tunnel_udp_malformed), 5u);
    for (const uint16_t shorter : {8, 9, 11}) {
        EXPECT_TRUE(router.receives("wan", with_length(boxed(packet), shorter)).empty());
    }
    EXPECT_EQ(router.drops(DropReason::gre_malformed), 3u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(GreInUdp, LeavesRoomForItsHeaders) {
    TestRouter& router = router_with_udp(R"(, "key": 7)", R"(, "icmp": {})");
    const auto told = router.receives("lan", ipv4().to("10.9.0.5").payload(9300).dont_fragment());
    EXPECT_TRUE(is_error(told, 3, 4, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(only(told).frame.icmp().word2.host(), 1500u - 20 - 8 - 4 - 4);
}

TEST_P(GreInUdp, CarriesKeysChecksumsAndNumbers) {
    TestRouter& router = router_with_udp(R"(, "key": 9, "checksum": true, "sequence": true)");
    const Frame sent =
        only(router.receives("lan", ipv4().to("10.9.0.5").udp(1, 2).payload(33))).frame;
    EXPECT_EQ(word_at(sent, boxed_gre_at), 0xb000);
    EXPECT_TRUE(
        net::checksum_holds(sent.bytes().data() + boxed_gre_at, sent.size() - boxed_gre_at));
    EXPECT_EQ(word_at(sent, boxed_gre_at + 10), 9);
    const Bytes keyed = words({0x3000, 0x0800, 0, 9, 0, 0});
    EXPECT_EQ(only(router.receives("wan", boxed(ip_bytes(inner()), keyed))).interface, "lan");
    EXPECT_TRUE(router.receives("wan", boxed(ip_bytes(inner()), keyed)).empty()) << "late";
    EXPECT_TRUE(router.receives("wan", boxed(ip_bytes(inner()), plain_gre)).empty()) << "no key";
}

TEST_P(GreInUdp, IsAnotherTunnelThanThatOfGreAndThoseOfOtherPorts) {
    TestRouter& router = router_with({.there = R"("type": "gre", "udp_port": 4754 },
           "bare": { "local": "203.0.113.2", "remote": "198.51.100.9", "type": "gre" },
           "second": { "local": "203.0.113.2", "remote": "198.51.100.9", "type": "gre", "udp_port": 6000)"});
    const auto came = [&](const char* by) {
        return router.context().counters.interfaces[router.id_of(by)].rx_packets.get();
    };
    const Bytes packet = ip_bytes(inner());
    (void)router.receives("wan", from_there(plain_gre, packet));
    EXPECT_EQ(came("bare"), 1u);
    (void)router.receives("wan", boxed(packet));
    EXPECT_EQ(came("there"), 1u);
    (void)router.receives("wan", boxed(packet, plain_gre, 6000));
    EXPECT_EQ(came("second"), 1u);
    EXPECT_EQ(router.all_drops(), 0u);
}

TEST_P(GreInUdp, ComesInFragmentsToo) {
    TestRouter& router = router_with_udp();
    const Bytes whole = boxed(ip_bytes(inner().payload(900)));
    const auto piece = [&](size_t from, size_t to, bool more) {
        return ipv4()
            .from("198.51.100.9")
            .to("203.0.113.2")
            .protocol(17)
            .id(5)
            .fragment(static_cast<unsigned>(from), more)
            .payload(Bytes(whole.begin() + static_cast<long>(udp_at + from),
                           whole.begin() + static_cast<long>(udp_at + to)));
    };
    EXPECT_TRUE(router.receives("wan", piece(0, 400, true)).empty());
    EXPECT_EQ(only(router.receives("wan", piece(400, whole.size() - udp_at, false))).interface,
              "lan");
}

TEST_P(GreInUdp, PathMtuFollowsErrorsThatQuoteNoMoreThanUdp) {
    TestRouter& router = router_with_udp();
    const Ipv4Builder large = ipv4().to("10.9.0.5").udp(1, 2).payload(1300).dont_fragment();
    const Bytes sent = ip_bytes(only(router.receives("lan", large)).frame.bytes());
    for (const size_t quoted : {size_t{28}, size_t{36}, sent.size()}) {
        router.start_anew();
        Bytes error = ipv4()
                          .from("203.0.113.1")
                          .to("203.0.113.2")
                          .icmp(3, 4)
                          .payload(Bytes(sent.begin(), sent.begin() + static_cast<long>(quoted)));
        auto& icmp = *reinterpret_cast<net::IcmpHeader*>(error.data() + 34);
        icmp.word2 = net::be16(static_cast<uint16_t>(1200 + quoted % 100));
        icmp.checksum = net::be16(0);
        icmp.checksum = net::checksum_of(net::sum_words(&icmp, error.size() - 34));
        for (auto& state : router.tunnels()) state.path_mtu.store(0);
        (void)router.receives("wan", error);
        router.take_plan();
        EXPECT_EQ(router.plan().interfaces[router.id_of("there")].mtu, 1200 + quoted % 100 - 32);
    }
    // Of what we have not sent nothing is believed.
    for (const auto& [at, value] : {std::pair{size_t{20}, 0x10}, std::pair{size_t{23}, 0x11}}) {
        Bytes other = sent;
        other[at] = static_cast<uint8_t>(value);  // the source port is none of ours; the port
        (void)router.receives(
            "wan", ipv4().from("203.0.113.1").to("203.0.113.2").icmp(3, 4).payload(other));
    }
    EXPECT_EQ(router.drops(DropReason::icmp_not_answered), 2u);
}

TEST_P(GreInUdp, TheSourceIsToldThatNobodyListensAtTheOtherEnd) {
    TestRouter& router = router_with_udp();
    const Frame sent = only(router.receives("lan", ipv4().to("10.9.0.5").udp(1, 2))).frame;
    const auto told = router.receives(
        "wan",
        ipv4().from("198.51.100.9").to("203.0.113.2").icmp(3, 3).payload(ip_bytes(sent.bytes())));
    EXPECT_TRUE(is_error(told, 3, 0, "172.31.0.1", "10.0.0.9"));
}

TEST_P(GreInUdp, KeepaliveComesBackInUdp) {
    TestRouter& router = router_with_udp(R"(, "key": 7, "keepalive_s": 2)");
    const auto asks = [&](Context& c) { tunnel::send_keepalive(c, router.id_of("there")); };
    const Frame question = only(router.does(asks)).frame;
    EXPECT_EQ(word_at(question, udp_at + 2), gre_in_udp);
    const Frame answer = taken_out(question, 20 + 8 + 8);
    EXPECT_EQ(answer.ipv4().source_address(), ip("198.51.100.9"));
    EXPECT_EQ(answer.ipv4().protocol, 17);
    EXPECT_FALSE(router.plan().interfaces[router.id_of("there")].up);
    EXPECT_TRUE(router.receives("wan", answer.bytes()).empty());
    router.take_plan();
    EXPECT_TRUE(router.plan().interfaces[router.id_of("there")].up);
    EXPECT_EQ(router.all_drops(), 0u);
}

TEST_P(GreInUdp, KeepaliveOfTheRemoteIsForwardedBack) {
    TestRouter& router = router_with_udp();
    const Bytes question = ipv4()
                               .from("203.0.113.2")
                               .to("198.51.100.9")
                               .udp(some_port, gre_in_udp)
                               .payload(words({0, 0}));
    const Sent sent = only(router.receives("wan", boxed(ip_bytes(question))));
    EXPECT_EQ(sent.interface, "wan");
    EXPECT_EQ(sent.frame.ipv4().destination_address(), ip("198.51.100.9"));
}

TEST_P(GreInUdp, IsNotTheNatsThoughItsAddressIs) {
    TestRouter& router = router_with_udp({}, R"(, "nat": [ { "name": "out", "type": "source",
        "from": "10.0.0.0/24", "out": "wan", "to": "interface" } ])");
    EXPECT_EQ(only(router.receives("wan", boxed(ip_bytes(inner())))).interface, "lan");
    EXPECT_EQ(only(router.receives("lan", ipv4().to("10.9.0.5").udp(1, 2))).frame.ipv4().protocol,
              17);
    EXPECT_EQ(router.all_drops(), 0u);
}

}  // namespace
}  // namespace sluice::test
