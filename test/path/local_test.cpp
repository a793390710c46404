// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <numeric>
#include <random>

#include "lib/net/checksum.h"
#include "test/path/network.h"

namespace sluice::test {
namespace {

Ipv4Builder to_router() { return ipv4().to("10.0.0.1"); }

TEST(Echo, IsAnsweredForEveryOwnAddress) {
    REQUIREMENT("RFC 1812 4.3.3.6",
                "The router answers echo requests to any of its addresses, from that address");
    Network net;
    for (const char* own : {"10.0.0.1", "203.0.113.2", "172.16.0.1"}) {
        const auto sent = net.router.receives("lan", ipv4().to(own).echo_request(7, 9).payload(56));
        EXPECT_TRUE(is_error(sent, 0, 0, own, "10.0.0.9"));
        EXPECT_EQ(sent[0].frame.icmp().word1.host(), 7);
        EXPECT_EQ(sent[0].frame.icmp().word2.host(), 9);
        EXPECT_EQ(sent[0].frame.ethernet().destination, net.host);
    }
    EXPECT_EQ(net.router.tally(layout::Tally::icmp_echo_replies_sent), 3u);
    EXPECT_EQ(net.router.all_drops(), 0u);
}

TEST(Echo, GivesTheDataBackUnchangedWithAFullTtl) {
    REQUIREMENT("RFC 1122 3.2.2.6",
                "Data received in an echo request is returned in the reply whole");
    REQUIREMENT("RFC 1812 4.3.2.5",
                "An ICMP reply has the type of service and precedence of its request");
    Network net;
    const Bytes request = to_router().ttl(3).tos(0x28).echo_request().payload(1472);
    const Sent sent = only(net.router.receives("lan", request));
    EXPECT_EQ(sent.frame.quoted(), Bytes(request.begin() + 14 + 28, request.end()));
    EXPECT_EQ(sent.frame.ipv4().ttl, 64);
    EXPECT_EQ(sent.frame.ipv4().tos, 0x28);
}

TEST(Echo, IsAnsweredByAPacketOfTheRoutersOwnMaking) {
    REQUIREMENT("RFC 6864 4.3", "No two packets to one place that may be split are called alike");
    REQUIREMENT("RFC 1812 4.2.2.3", "The router sets no reserved flag in what it originates");
    Network net;
    // As many hosts do: one that is never split needs no identification.
    Bytes request = to_router().id(0).dont_fragment().echo_request().payload(1472);
    request[14 + 6] |= 0x80;
    net::fill_checksum(*reinterpret_cast<net::Ipv4Header*>(request.data() + 14));
    const Sent first = only(net.router.receives("lan", request));
    const Sent second = only(net.router.receives("lan", request));
    EXPECT_NE(first.frame.ipv4().identification, second.frame.ipv4().identification);
    EXPECT_EQ(first.frame.ipv4().flags_and_offset.host(), 0);
}

TEST(Echo, KeepsItsChecksumTrueForAnyContent) {
    Network net;
    std::mt19937 random(7);
    for (unsigned i = 0; i < 2000; ++i) {
        Bytes data(random() % 64);
        for (auto& b : data) b = static_cast<uint8_t>(random() % 3 == 0 ? 0xff : random());
        const auto sent = net.router.receives("lan", to_router().payload(data).echo_request());
        ASSERT_TRUE(is_error(sent, 0, 0, "10.0.0.1", "10.0.0.9"));
    }
}

TEST(Echo, IsAnsweredWhereTheRequestLiesInOddPieces) {
    Network net;
    const Bytes request = to_router().echo_request().payload(301);
    for (size_t piece : {43, 51, 77, 100}) {
        const auto sent = net.router.receives_in_pieces("lan", request, piece);
        EXPECT_TRUE(is_error(sent, 0, 0, "10.0.0.1", "10.0.0.9")) << piece;
    }
}

TEST(Echo, IsNotAnsweredToABroadcast) {
    REQUIREMENT("RFC 1122 3.2.2.6",
                "An echo request to a broadcast or multicast address is discarded");
    REQUIREMENT("RFC 2644 3", "Directed broadcasts are not received");
    Network net;
    EXPECT_TRUE(
        net.router
            .receives("lan", ipv4().to("10.0.0.255").echo_request().to_mac(net::broadcast_mac))
            .empty());
    EXPECT_TRUE(
        net.router
            .receives("lan", ipv4().to("224.0.0.1").echo_request().to_mac(mac("01:00:5e:00:00:01")))
            .empty());
    EXPECT_EQ(net.router.drops(DropReason::group_not_joined), 2u);
}

TEST(Icmp, IsDroppedWhenItsChecksumIsFalseOrItIsCutShort) {
    REQUIREMENT("RFC 792", "The checksum of an ICMP message is checked");
    Network net;
    Bytes wrong = to_router().echo_request();
    wrong.back() ^= 1;
    EXPECT_TRUE(net.router.receives("lan", wrong).empty());
    EXPECT_TRUE(net.router.receives("lan", to_router().protocol(1).payload(7)).empty());
    EXPECT_EQ(net.router.drops(DropReason::icmp_malformed), 2u);
}

TEST(Icmp, OfTypesThatAskForNothingIsNotAnswered) {
    REQUIREMENT("RFC 1812 4.3.3.7", "Information requests are not answered");
    REQUIREMENT("RFC 6633 4", "A source quench that comes in is ignored");
    REQUIREMENT("RFC 1812 4.3.2.1", "ICMP messages of unknown type are silently discarded");
    Network net;
    uint64_t dropped = 0;
    for (uint8_t type : {0, 3, 4, 5, 9, 10, 11, 12, 13, 15, 17, 18, 42, 255}) {
        EXPECT_TRUE(net.router.receives("lan", to_router().icmp(type, 0)).empty()) << int{type};
        EXPECT_EQ(net.router.drops(DropReason::icmp_not_answered), ++dropped);
    }
}

TEST(LocalDelivery, SaysProtocolUnreachable) {
    REQUIREMENT("RFC 1812 5.2.7.1",
                "A protocol that the router does not speak: protocol unreachable");
    Network net;
    EXPECT_TRUE(is_error(net.router.receives("lan", to_router().protocol(89)), 3, 2, "10.0.0.1",
                         "10.0.0.9"));
    EXPECT_EQ(net.router.drops(DropReason::protocol_unreachable), 1u);
}

TEST(LocalDelivery, SaysPortUnreachable) {
    REQUIREMENT("RFC 1812 5.2.7.1", "A port on which the router does not listen: port unreachable");
    Network net;
    EXPECT_TRUE(is_error(net.router.receives("lan", to_router().udp(1000, 33434)), 3, 3, "10.0.0.1",
                         "10.0.0.9"));
    EXPECT_EQ(net.router.receives("lan", to_router().tcp(1000, 22, 2)).size(), 1u);
    EXPECT_EQ(net.router.drops(DropReason::port_unreachable), 2u);
}

class Reassembly : public ::testing::Test {
  protected:
    // A whole packet in pieces of `size` bytes of payload.
    static std::vector<Bytes> split(const Bytes& whole, size_t size, uint16_t id = 77) {
        const Frame frame(whole);
        const Bytes payload = frame.ip_payload();
        std::vector<Bytes> pieces;
        for (size_t at = 0; at < payload.size(); at += size) {
            const size_t end = std::min(at + size, payload.size());
            pieces.push_back(to_router()
                                 .protocol(frame.ipv4().protocol)
                                 .id(id)
                                 .fragment(static_cast<unsigned>(at), end < payload.size())
                                 .payload(Bytes(payload.begin() + static_cast<long>(at),
                                                payload.begin() + static_cast<long>(end))));
        }
        return pieces;
    }
    // The ICMP message that these fragments are of.
    static Bytes join(const std::vector<Sent>& sent) {
        Bytes whole;
        for (const Sent& s : sent) {
            const Bytes part = s.frame.ip_payload();
            const size_t at = s.frame.ipv4().fragment_offset();
            whole.resize(std::max(whole.size(), at + part.size()));
            std::copy(part.begin(), part.end(), whole.begin() + static_cast<long>(at));
        }
        return whole;
    }
    size_t answers(const std::vector<Bytes>& pieces) {
        size_t result = 0;
        for (const Bytes& piece : pieces) result += net.router.receives("lan", piece).size();
        return result;
    }
    Network net;
};

TEST_F(Reassembly, PutsFragmentsTogetherInAnyOrder) {
    REQUIREMENT("RFC 1812 4.2.2.8", "Packets to the router are reassembled from their fragments");
    std::vector<Bytes> pieces = split(to_router().echo_request().payload(92), 24);
    ASSERT_EQ(pieces.size(), 5u);
    std::vector<size_t> order(pieces.size());
    std::iota(order.begin(), order.end(), 0);
    do {
        std::vector<Sent> sent;
        for (const size_t i : order) {
            for (auto& s : net.router.receives("lan", pieces[i])) sent.push_back(s);
        }
        ASSERT_TRUE(is_error(sent, 0, 0, "10.0.0.1", "10.0.0.9"));
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(net.router.all_drops(), 0u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(Reassembly, AnswersAnEchoOfSixtyFourKibibytes) {
    REQUIREMENT("RFC 1812 4.3.3.6", "Echo requests up to the largest IP packet are answered");
    for (size_t size : {552, 1480, 1496}) {
        const Bytes data(65535 - 28, 0x5c);
        Bytes message = Frame(to_router().payload(data).echo_request()).bytes();
        std::vector<Sent> sent;
        for (const Bytes& piece : split(message, size / 8 * 8)) {
            for (auto& s : net.router.receives("lan", piece)) sent.push_back(s);
        }
        ASSERT_FALSE(sent.empty()) << size;
        for (const Sent& s : sent) {
            EXPECT_LE(s.frame.ipv4().total_length.host(), 1500);
            EXPECT_TRUE(net::checksum_holds(&s.frame.ipv4(), 20));
        }
        const Bytes reply = join(sent);
        EXPECT_EQ(reply.size(), data.size() + 8);
        EXPECT_TRUE(net::checksum_holds(reply.data(), reply.size()));
        EXPECT_EQ(reply[0], 0);
        EXPECT_TRUE(std::equal(data.begin(), data.end(), reply.begin() + 8));
        net.router.waits(1s);
    }
    EXPECT_EQ(net.router.all_drops(), 0u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(Reassembly, KeepsPacketsApartByAddressesProtocolAndIdentification) {
    const Bytes whole = to_router().echo_request().payload(40);
    const auto one = split(whole, 24, 1), two = split(whole, 24, 2);
    EXPECT_EQ(answers({one[0], two[1]}), 0u);
    EXPECT_EQ(answers({two[0], one[1]}), 2u);
}

TEST_F(Reassembly, RefusesFragmentsThatOverlap) {
    REQUIREMENT("RFC 1858 4", "No fragment can overwrite what another has brought");
    net.router.receives("lan", to_router().protocol(1).fragment(0, true).payload(24));
    net.router.receives("lan", to_router().protocol(1).fragment(16, false).payload(24));
    EXPECT_EQ(net.router.drops(DropReason::fragment_malformed), 2u) << "the packet is forgotten";
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(Reassembly, RefusesFragmentsBeyondTheEnd) {
    net.router.receives("lan", to_router().protocol(1).fragment(8, false).payload(8));
    net.router.receives("lan", to_router().protocol(1).fragment(64, true).payload(8));
    EXPECT_EQ(net.router.drops(DropReason::fragment_malformed), 2u);
    net.router.receives("lan", to_router().protocol(1).fragment(64, true).payload(8));
    net.router.receives("lan", to_router().protocol(1).fragment(8, false).payload(8));
    EXPECT_EQ(net.router.drops(DropReason::fragment_malformed), 4u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(Reassembly, RefusesTwoEnds) {
    net.router.receives("lan", to_router().protocol(1).fragment(64, false).payload(8));
    net.router.receives("lan", to_router().protocol(1).fragment(32, false).payload(8));
    EXPECT_EQ(net.router.drops(DropReason::fragment_malformed), 2u);
}

TEST_F(Reassembly, RefusesFragmentsThatAreEmptyOrNoWholeWords) {
    net.router.receives("lan", to_router().protocol(1).fragment(0, true).payload(0));
    net.router.receives("lan", to_router().protocol(1).fragment(0, true).payload(12));
    EXPECT_EQ(net.router.drops(DropReason::fragment_malformed), 2u);
}

TEST_F(Reassembly, RefusesAPacketOfMoreThanSixtyFourKibibytes) {
    net.router.receives("lan", to_router().protocol(1).fragment(65528, false).payload(8));
    EXPECT_EQ(net.router.drops(DropReason::fragment_malformed), 1u);
}

TEST_F(Reassembly, RefusesAPacketThatItsFirstHeaderMakesTooLong) {
    // 65,504 bytes fit behind a header of 20 bytes and not behind one of 60.
    const auto last = to_router().protocol(1).fragment(65496, false).payload(8);
    const auto first = to_router().protocol(1).fragment(0, true).options(Bytes(40, 1)).payload(8);
    for (const auto& [a, b] : {std::pair{first, last}, std::pair{last, first}}) {
        net.router.receives("lan", a);
        net.router.receives("lan", b);
        EXPECT_EQ(net.router.pool().outstanding(), 0u);
    }
    EXPECT_EQ(net.router.drops(DropReason::fragment_malformed), 4u);
}

TEST_F(Reassembly, GivesUpAfterThirtySecondsAndTellsTheSource) {
    REQUIREMENT("RFC 1122 3.3.2",
                "A packet whose fragments do not all come in time is given up, and "
                "its source told if the first fragment came");
    net.router.receives("lan", to_router().protocol(1).fragment(0, true).payload(24));
    EXPECT_TRUE(net.router.waits(29s).empty());
    EXPECT_TRUE(is_error(net.router.waits(2s), 11, 1, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(net.router.drops(DropReason::reassembly_timeout), 1u);
    EXPECT_EQ(net.router.pool().outstanding(), 0u);
}

TEST_F(Reassembly, GivesUpQuietlyWithoutTheFirstFragment) {
    net.router.receives("lan", to_router().protocol(1).fragment(24, true).payload(24));
    EXPECT_TRUE(net.router.waits(31s).empty());
    EXPECT_EQ(net.router.drops(DropReason::reassembly_timeout), 1u);
}

TEST_F(Reassembly, KeepsNoMorePacketsThanItsLimit) {
    for (uint16_t id = 0; id < 100; ++id) {
        net.router.receives("lan", to_router().id(id).fragment(0, true).payload(24));
    }
    EXPECT_EQ(net.router.pool().outstanding(), ipv4::Reassembler::max_packets);
    EXPECT_EQ(net.router.drops(DropReason::reassembly_full), 100 - ipv4::Reassembler::max_packets);
}

TEST_F(Reassembly, GivesTheOldestUpForANewPacket) {
    for (uint16_t id = 0; id < 100; ++id) {
        net.router.receives("lan", to_router().id(id).fragment(0, true).payload(24));
        net.router.waits(1ms);
    }
    std::vector<Sent> sent;
    for (const Bytes& piece : split(to_router().id(1000).payload(60).udp(1, 2), 24)) {
        for (auto& s : net.router.receives("lan", piece)) sent.push_back(s);
    }
    EXPECT_TRUE(is_error(sent, 3, 3, "10.0.0.1", "10.0.0.9")) << "it was put together";
}

TEST_F(Reassembly, KeepsNoMoreFragmentsThanItsLimits) {
    for (uint16_t id = 0; id < 32; ++id) {
        for (unsigned i = 0; i < 200; ++i) {
            net.router.receives("lan", to_router().id(id).fragment(i * 16, true).payload(8));
        }
        EXPECT_LE(net.router.pool().outstanding(), (id + 1) * ipv4::Reassembler::max_fragments);
        EXPECT_LE(net.router.pool().outstanding(), ipv4::Reassembler::max_fragments_total);
    }
    EXPECT_GT(net.router.pool().outstanding(), ipv4::Reassembler::max_fragments_total / 2);
}

TEST_F(Reassembly, SaysPortUnreachableAboutAPacketInFragments) {
    std::vector<Sent> sent;
    for (const Bytes& piece : split(to_router().payload(60).udp(1, 2), 24)) {
        for (auto& s : net.router.receives("lan", piece)) sent.push_back(s);
    }
    EXPECT_TRUE(is_error(sent, 3, 3, "10.0.0.1", "10.0.0.9"));
}

TEST_F(Reassembly, IsNotForPacketsInTransit) {
    REQUIREMENT("RFC 1812 5.2.6", "Packets in transit are not reassembled");
    EXPECT_EQ(net.router.receives("lan", ipv4().fragment(0, true).payload(24)).size(), 1u);
    EXPECT_EQ(net.router.receives("lan", ipv4().fragment(24, false).payload(24)).size(), 1u);
}

class Broadcasts : public ::testing::Test {
  protected:
    Network net;
    void allow() { net.router.apply(config_of({.dmz = R"(, "directed_broadcast": true)"})); }
};

TEST_F(Broadcasts, ToAnotherNetworkAreNotForwarded) {
    REQUIREMENT("RFC 2644 3", "Directed broadcasts are not forwarded by default");
    EXPECT_TRUE(net.router.receives("lan", ipv4().to("172.16.0.255")).empty());
    EXPECT_TRUE(net.router.receives("lan", ipv4().to("172.16.0.0")).empty());
    EXPECT_EQ(net.router.drops(DropReason::directed_broadcast), 2u);
}

TEST_F(Broadcasts, AreForwardedAsLinkBroadcastsWhereAllowed) {
    REQUIREMENT("RFC 2644 3", "Forwarding of directed broadcasts can be switched on");
    allow();
    const Sent sent = only(net.router.receives("lan", ipv4().to("172.16.0.255").ttl(9)));
    EXPECT_EQ(sent.interface, "dmz");
    EXPECT_EQ(sent.frame.ethernet().destination, net::broadcast_mac);
    EXPECT_EQ(sent.frame.ipv4().ttl, 8);
    EXPECT_TRUE(sent.frame.checksums_hold());
}

TEST_F(Broadcasts, ThatAreTooOldOrTooBigOrLeadNowhereEndHere) {
    net.router.apply(config_of({.dmz = R"(, "directed_broadcast": true, "mtu": 576)"}));
    EXPECT_TRUE(net.router.receives("lan", ipv4().to("172.16.0.255").ttl(1)).empty());
    EXPECT_TRUE(net.router.receives("lan", ipv4().to("172.16.0.255").payload(600)).empty());
    EXPECT_EQ(net.router.drops(DropReason::ttl_expired), 1u);
    EXPECT_EQ(net.router.drops(DropReason::too_big), 1u);
}

TEST_F(Broadcasts, OfTheOwnNetworkAreNotEchoed) {
    allow();
    EXPECT_TRUE(net.router.receives("dmz", ipv4().from("172.16.0.9").to("172.16.0.255")).empty());
    EXPECT_TRUE(
        net.router.receives("lan", ipv4().to("172.16.0.255").to_mac(net::broadcast_mac)).empty());
}

TEST_F(Broadcasts, ToAllHostsAreNeverForwarded) {
    REQUIREMENT("RFC 1812 5.3.5.1", "Limited broadcasts are not forwarded");
    allow();
    EXPECT_TRUE(net.router.receives("lan", ipv4().to("255.255.255.255").to_mac(net::broadcast_mac))
                    .empty());
    EXPECT_EQ(net.router.drops(DropReason::group_not_joined), 1u);
}

}  // namespace
}  // namespace sluice::test
