// SPDX-License-Identifier: BSD-3-Clause
// GRE's own header: RFC 2784, RFC 2890, and keepalives.
#include "dataplane/tunnel/send.h"
#include "test/path/tunnel_network.h"

namespace sluice::test {
namespace {

class Gre : public Tunnelling {};
TEST_BOTH_WAYS(Gre);

uint32_t long_at(const Frame& frame, size_t at) {
    return static_cast<uint32_t>(word_at(frame, at)) << 16 | word_at(frame, at + 2);
}
constexpr size_t gre_at = 14 + 20;

TEST_P(Gre, HeaderIsFourBytesOfVersionZeroAndType) {
    REQUIREMENT("RFC 2784 2.1",
                "A header without options is flags and version of zero, and the EtherType of what "
                "is inside");
    TestRouter& router = router_with({});
    const Frame frame = only(router.receives("lan", ipv4().to("10.9.0.5").payload(100))).frame;
    EXPECT_EQ(frame.size(), 14u + 20 + 4 + 20 + 100);
    EXPECT_EQ(word_at(frame, gre_at), 0);
    EXPECT_EQ(word_at(frame, gre_at + 2), 0x0800);
}

TEST_P(Gre, ReservedBitsThatMustBeZeroAreRefused) {
    REQUIREMENT("RFC 2784 2.3",
                "A packet with one of the bits 1 to 5 set is dropped, but for key and sequence "
                "number of RFC 2890");
    REQUIREMENT("RFC 2784 2.3.1", "A packet of another version than 0 is dropped");
    TestRouter& router = router_with({});
    unsigned refused = 0;
    for (const uint16_t bit : {0x4000, 0x0800, 0x0400, 0x0001, 0x0002, 0x0004}) {
        const auto gre = words({bit, 0x0800});
        EXPECT_TRUE(router.receives("wan", from_there(gre, ip_bytes(inner()))).empty());
        EXPECT_EQ(router.drops(DropReason::gre_malformed), ++refused);
    }
}

TEST_P(Gre, OtherReservedBitsAreIgnored) {
    REQUIREMENT("RFC 2784 2.3", "Bits 6 to 12 are ignored on receipt");
    TestRouter& router = router_with({});
    for (const uint16_t bit : {0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010, 0x0008}) {
        const auto sent =
            router.receives("wan", from_there(words({bit, 0x0800}), ip_bytes(inner())));
        EXPECT_EQ(only(sent).interface, "lan");
    }
}

TEST_P(Gre, ChecksumIsSentWhenAsked) {
    REQUIREMENT("RFC 2784 2.5", "The checksum covers GRE's header and all that follows");
    TestRouter& router = router_with({.there = R"("type": "gre", "checksum": true)"});
    for (const size_t size : {0, 1, 2, 99, 1400}) {
        const Frame frame = only(router.receives("lan", ipv4().to("10.9.0.5").payload(size))).frame;
        EXPECT_EQ(word_at(frame, gre_at), 0x8000);
        EXPECT_EQ(word_at(frame, gre_at + 6), 0) << "reserved";
        EXPECT_TRUE(net::checksum_holds(frame.bytes().data() + gre_at, frame.size() - gre_at))
            << size;
    }
}

Bytes with_checksum(const Bytes& packet, uint16_t error) {
    Bytes gre = words({0x8000, 0x0800, 0, 0});
    const Bytes all = gre + packet;
    const uint16_t sum = static_cast<uint16_t>(
        net::checksum_of(net::sum_words(all.data(), all.size())).host() + error);
    return words({0x8000, 0x0800, sum, 0});
}

TEST_P(Gre, ChecksumIsVerifiedWhenThere) {
    REQUIREMENT("RFC 2784 2.5",
                "A packet whose checksum is wrong is dropped, whether we send checksums or not");
    TestRouter& router = router_with({});
    const Bytes packet = ip_bytes(inner().payload(77));
    EXPECT_EQ(only(router.receives("wan", from_there(with_checksum(packet, 0), packet))).interface,
              "lan");
    EXPECT_TRUE(router.receives("wan", from_there(with_checksum(packet, 1), packet)).empty());
    EXPECT_EQ(router.drops(DropReason::gre_bad_checksum), 1u);
}

TEST_P(Gre, ChecksumHoldsOverSeveralBuffers) {
    TestRouter& router = router_with({});
    const Bytes packet = ip_bytes(inner().payload(700));
    for (const size_t piece : {64, 65, 333}) {
        const auto frame = router.addressed("wan", from_there(with_checksum(packet, 0), packet));
        EXPECT_EQ(only(router.receives_in_pieces("wan", frame, piece)).interface, "lan") << piece;
    }
}

TEST_P(Gre, KeyIsSentAndExpected) {
    REQUIREMENT("RFC 2890 2.1", "The key tells tunnels between the same ends apart");
    TestRouter& router = router_with({.there = R"("type": "gre", "key": 4026531841)"});
    const Frame frame = only(router.receives("lan", ipv4().to("10.9.0.5"))).frame;
    EXPECT_EQ(word_at(frame, gre_at), 0x2000);
    EXPECT_EQ(long_at(frame, gre_at + 4), 0xf0000001);

    const auto with_key = [](uint16_t low) { return words({0x2000, 0x0800, 0xf000, low}); };
    EXPECT_EQ(only(router.receives("wan", from_there(with_key(1), ip_bytes(inner())))).interface,
              "lan");
    EXPECT_TRUE(router.receives("wan", from_there(with_key(2), ip_bytes(inner()))).empty());
    EXPECT_TRUE(router.receives("wan", from_there(plain_gre, ip_bytes(inner()))).empty());
    EXPECT_EQ(router.drops(DropReason::tunnel_unknown), 2u);
}

TEST_P(Gre, SequenceNumbersCountPackets) {
    REQUIREMENT("RFC 2890 2.2",
                "The sequence number begins at 0 and grows by one with each packet");
    TestRouter& router =
        router_with({.there = R"("type": "gre", "key": 7, "sequence": true, "checksum": true)"});
    for (uint32_t number = 0; number < 3; ++number) {
        const Frame frame = only(router.receives("lan", ipv4().to("10.9.0.5"))).frame;
        EXPECT_EQ(word_at(frame, gre_at), 0xb000);
        EXPECT_EQ(long_at(frame, gre_at + 8), 7u);
        EXPECT_EQ(long_at(frame, gre_at + 12), number);
        EXPECT_TRUE(net::checksum_holds(frame.bytes().data() + gre_at, frame.size() - gre_at));
    }
}

TEST_P(Gre, WhatIsLateIsDropped) {
    REQUIREMENT("RFC 2890 2.2", "A packet with a number that has passed is dropped; numbers wrap");
    TestRouter& router = router_with({.there = R"("type": "gre", "sequence": true)"});
    const auto arrives = [&](uint32_t number) {
        const auto gre = words(
            {0x1000, 0x0800, static_cast<uint16_t>(number >> 16), static_cast<uint16_t>(number)});
        return !router.receives("wan", from_there(gre, ip_bytes(inner()))).empty();
    };
    EXPECT_TRUE(arrives(0));
    EXPECT_FALSE(arrives(0)) << "twice";
    EXPECT_TRUE(arrives(5)) << "what is lost in between is not waited for";
    EXPECT_FALSE(arrives(4));
    EXPECT_TRUE(arrives(0x7fffffff));
    EXPECT_TRUE(arrives(0xfffffffe));
    EXPECT_TRUE(arrives(1)) << "beyond the wrap";
    EXPECT_FALSE(arrives(0xffffffff));
    EXPECT_EQ(router.drops(DropReason::gre_late), 3u);
}

TEST_P(Gre, SequenceNumbersAreNotExpectedOfAnyoneElse) {
    TestRouter& router = router_with({});
    const auto gre = words({0x1000, 0x0800, 0, 9});
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(only(router.receives("wan", from_there(gre, ip_bytes(inner())))).interface,
                  "lan");
    }
}

TEST_P(Gre, PayloadOfAnotherTypeIsDropped) {
    REQUIREMENT("RFC 2784 2.4", "A packet of a protocol type that is not carried is dropped");
    TestRouter& router = router_with({});
    EXPECT_TRUE(router.receives("wan", from_there(words({0, 0x8847}), Bytes(40))).empty());
    EXPECT_EQ(router.drops(DropReason::tunnel_payload), 1u);
}

TEST_P(Gre, HeaderCutShortAnywhereIsRefused) {
    TestRouter& router = router_with({});
    const Bytes gre = words({0xb000, 0x0800, 0, 0, 0, 7, 0, 9});
    for (size_t length = 0; length < gre.size(); ++length) {
        EXPECT_TRUE(router
                        .receives("wan", from_there(Bytes(gre.begin(),
                                                          gre.begin() + static_cast<long>(length)),
                                                    {}))
                        .empty());
    }
    EXPECT_EQ(router.drops(DropReason::gre_malformed), gre.size());
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

// What Cisco's and Linux's routers do: the question is a packet that is to be forwarded back.
TEST_P(Gre, KeepaliveOfTheRemoteIsForwardedBack) {
    TestRouter& router = router_with({});
    const Bytes question =
        ipv4().from("203.0.113.2").to("198.51.100.9").protocol(gre_protocol).payload(words({0, 0}));
    const Sent sent = only(router.receives("wan", from_there(plain_gre, ip_bytes(question))));
    EXPECT_EQ(sent.interface, "wan");
    EXPECT_EQ(sent.frame.ipv4().destination_address(), ip("198.51.100.9"));
    EXPECT_EQ(sent.frame.ip_payload(), words({0, 0}));
}

TEST_P(Gre, KeepaliveOfATunnelWithAKeyIsAnsweredWithIt) {
    TestRouter& router =
        router_with({.there = R"("type": "gre", "key": 7, "sequence": true, "keepalive_s": 2)"});
    const auto asks = [&](Context& c) { tunnel::send_keepalive(c, router.id_of("there")); };
    const Frame question = only(router.does(asks)).frame;
    EXPECT_EQ(word_at(question, gre_at), 0x3000);
    const Frame answer = taken_out(question, 20 + 4 + 8);
    EXPECT_EQ(answer.ipv4().source_address(), ip("198.51.100.9"));
    EXPECT_EQ(answer.ipv4().destination_address(), ip("203.0.113.2"));
    EXPECT_EQ(answer.ip_payload(), words({0x2000, 0, 0, 7}));

    EXPECT_FALSE(router.plan().interfaces[router.id_of("there")].up);
    EXPECT_TRUE(router.receives("wan", answer.bytes()).empty());
    router.take_plan();
    EXPECT_TRUE(router.plan().interfaces[router.id_of("there")].up);
    EXPECT_EQ(router.all_drops(), 0u);
}

// Else its parts would be filled with what the buffers held before.
TEST_P(Gre, KeepaliveThatIsShorterThanItSaysIsNotForwardedBack) {
    TestRouter& router = router_with({});
    Bytes question = ipv4()
                         .from("203.0.113.2")
                         .to("198.51.100.9")
                         .protocol(gre_protocol)
                         .payload(words({0, 0}))
                         .total_length(4000);
    net::fill_checksum(*reinterpret_cast<net::Ipv4Header*>(question.data() + 14));
    EXPECT_TRUE(router.receives("wan", from_there(plain_gre, ip_bytes(question))).empty());
    EXPECT_EQ(router.drops(DropReason::ip_bad_total_length), 1u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(Gre, AnswerToAKeepaliveKeepsTheTunnelUp) {
    TestRouter& router =
        router_with({.there = R"("type": "gre", "keepalive_s": 2, "keepalive_attempts": 3)"});
    const auto id = router.id_of("there");
    EXPECT_FALSE(router.plan().interfaces[id].up) << "nobody has answered yet";
    EXPECT_TRUE(router.receives("wan", from_there(words({0, 0}), {})).empty());
    router.take_plan();
    EXPECT_TRUE(router.plan().interfaces[id].up);
    router.waits(7s);
    EXPECT_FALSE(router.plan().interfaces[id].up);
    EXPECT_EQ(router.all_drops(), 0u);
}

}  // namespace
}  // namespace sluice::test
