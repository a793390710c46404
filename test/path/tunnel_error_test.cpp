// SPDX-License-Identifier: BSD-3-Clause
// ICMP errors about what a tunnel has sent: RFC 2003 4 and 5.1, RFC 4459 3.2, RFC 1191.
#include "dataplane/tunnel/send.h"
#include "test/path/tunnel_network.h"

namespace sluice::test {
namespace {

constexpr const char* midway = "198.18.0.7";  // a router that the tunnels lead through

// Of a router on the way, about a packet as it left; `mtu`: the second half of the second word.
Ipv4Builder error_about(const Bytes& quoted, uint8_t type, uint8_t code) {
    return ipv4().from(midway).to("203.0.113.2").icmp(type, code).payload(quoted);
}

Bytes with_words(const Bytes& frame, uint16_t first, uint16_t second) {
    Bytes changed = frame;
    auto& icmp = *reinterpret_cast<net::IcmpHeader*>(changed.data() + 34);
    icmp.word1 = net::be16(first);
    icmp.word2 = net::be16(second);
    icmp.checksum = net::be16(0);
    icmp.checksum = net::checksum_of(net::sum_words(&icmp, changed.size() - 34));
    return changed;
}
Bytes too_big(const Bytes& quoted, uint16_t mtu) {
    return with_words(error_about(quoted, 3, 4), 0, mtu);
}

Bytes first(size_t count, const Bytes& bytes) {
    return Bytes(bytes.begin(), bytes.begin() + static_cast<long>(std::min(count, bytes.size())));
}

class TunnelErrors : public Tunnelling {
  protected:
    TestRouter& router_of(const TunnelWishes& wishes = {}) {
        return router_ = &router_with(wishes), *router_;
    }
    // The outer packet that a packet from the lan leaves in.
    Bytes sent(const Ipv4Builder& packet) {
        return ip_bytes(only(router_->receives("lan", packet)).frame.bytes());
    }
    // What the host sends through "there" (GRE) and "other" (IP in IP).
    static Ipv4Builder large() {
        return ipv4().to("10.9.0.5").udp(1000, 53).payload(1300).dont_fragment();
    }
    std::vector<Bytes> one_by_each() { return {sent(large()), sent(large().to("10.10.0.5"))}; }
    uint32_t mtu_of(const char* tunnel) {
        router_->take_plan();
        return router_->plan().interfaces[router_->id_of(tunnel)].mtu;
    }
    // Nobody is told anything, and the message is nothing to us.
    void expect_ignored(const Bytes& error, const std::string& name) {
        const uint64_t before = router_->drops(DropReason::icmp_not_answered);
        EXPECT_TRUE(router_->receives("wan", error).empty()) << name;
        EXPECT_EQ(router_->drops(DropReason::icmp_not_answered), before + 1) << name;
    }
    TestRouter* router_ = nullptr;
};
TEST_BOTH_WAYS(TunnelErrors);

// The quotation is the packet as the host sent it, but for what routers change.
void expect_quotes(const Bytes& quoted, Bytes packet) {
    ASSERT_GE(quoted.size(), 28u);
    ASSERT_LE(quoted.size(), packet.size());
    EXPECT_TRUE(net::checksum_holds(quoted.data(), 20));
    packet.resize(quoted.size());
    for (const size_t at : {8u, 10u, 11u}) packet[at] = quoted[at];
    EXPECT_EQ(quoted, packet);
}

TEST_P(TunnelErrors, FragmentationNeededLowersTheTunnelsMtu) {
    REQUIREMENT("RFC 2003 5.1", "The tunnel's MTU follows what routers on its way tell of theirs");
    TestRouter& router = router_of();
    const auto packets = one_by_each();
    (void)router.receives("wan", too_big(packets[0], 1300));
    (void)router.receives("wan", too_big(packets[1], 1200));
    EXPECT_EQ(mtu_of("there"), 1300u - 24);
    EXPECT_EQ(mtu_of("other"), 1200u - 20);

    const auto next = router.receives("lan", large());
    EXPECT_TRUE(is_error(next, 3, 4, "10.0.0.1", "10.0.0.9")) << "the sender of the next is told";
    EXPECT_EQ(only(next).frame.icmp().word2.host(), 1276);
}

TEST_P(TunnelErrors, FragmentationNeededIsToldToTheInnerSource) {
    REQUIREMENT("RFC 2003 4.1", "Datagram too big is relayed to the sender of the packet inside");
    REQUIREMENT("RFC 4459 3.2", "The MTU that it is told leaves room for the outer headers");
    TestRouter& router = router_of();
    const Bytes packet = large();
    const Sent told = only(router.receives("wan", too_big(sent(large()), 1300)));
    EXPECT_EQ(told.interface, "lan");
    EXPECT_TRUE(is_error({told}, 3, 4, "172.31.0.1", "10.0.0.9"));
    EXPECT_EQ(told.frame.icmp().word2.host(), 1276);
    expect_quotes(told.frame.quoted(), ip_bytes(packet));
    EXPECT_EQ(router.all_drops(), 0u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(TunnelErrors, PathMtuIsForgottenAfterTenMinutes) {
    REQUIREMENT("RFC 1191 6.3", "A larger MTU is tried ten minutes after a smaller one was told");
    TestRouter& router = router_of();
    (void)router.receives("wan", too_big(sent(large()), 1300));
    EXPECT_EQ(mtu_of("there"), 1276u);
    router.context().now_ns += 599'000'000'000;
    EXPECT_EQ(mtu_of("there"), 1276u);
    router.context().now_ns += 1'000'000'000;
    EXPECT_EQ(mtu_of("there"), 1476u);
}

TEST_P(TunnelErrors, PathMtuIsNotRaisedByAnError) {
    REQUIREMENT("RFC 1191 3", "A datagram too big message never raises what is known of the path");
    TestRouter& router = router_of();
    const Bytes packet = sent(large());
    (void)router.receives("wan", too_big(packet, 1200));
    (void)router.receives("wan", too_big(packet, 1300));
    EXPECT_EQ(mtu_of("there"), 1200u - 24);
    (void)router.receives("wan", too_big(packet, 1100));
    EXPECT_EQ(mtu_of("there"), 1100u - 24);
}

TEST_P(TunnelErrors, RouterThatTellsNoMtuIsTakenToHaveTheNextPlateau) {
    REQUIREMENT("RFC 1191 7.1",
                "Where no MTU is told, the greatest plateau below the packet's length is taken");
    for (const uint16_t told : {0, 67, 1352, 9000, 65535}) {
        TestRouter& router = router_of();
        (void)router.receives("wan", too_big(sent(large()), told));
        EXPECT_EQ(mtu_of("there"), 1006u - 24) << told;
    }
}

TEST_P(TunnelErrors, PathMtuOfLessThan576IsNotBelieved) {
    TestRouter& router = router_of();
    const auto answer = router.receives("wan", too_big(sent(large()), 68));
    EXPECT_EQ(only(answer).frame.icmp().word2.host(), 576 - 24);
    EXPECT_EQ(mtu_of("there"), 576u - 24);
    EXPECT_TRUE(router.receives("wan", too_big(sent(large().payload(100)), 68)).empty())
        << "the packet fits as it is";
}

TEST_P(TunnelErrors, EightBytesBehindTheOuterHeaderAreEnoughToLowerTheMtu) {
    REQUIREMENT("RFC 2003 4",
                "A quotation too short to tell whose the inner packet is, is heard all the same");
    TestRouter& router = router_of({.other = R"("type": "gre", "key": 7, "sequence": true)"});
    for (const Bytes& packet : one_by_each()) {
        EXPECT_TRUE(router.receives("wan", too_big(first(28, packet), 1300)).empty());
    }
    EXPECT_EQ(mtu_of("there"), 1300u - 24);
    EXPECT_EQ(mtu_of("other"), 1300u - 32);
    EXPECT_EQ(router.all_drops(), 0u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(TunnelErrors, UnreachableIsToldAsOfTheInnerDestination) {
    REQUIREMENT("RFC 2003 4.1",
                "Net and protocol unreachable become net unreachable, host unreachable stays");
    TestRouter& router = router_of();
    const std::pair<uint8_t, uint8_t> codes[]{{0, 0}, {1, 1}, {2, 0}, {6, 0}, {9, 0}, {13, 0}};
    for (const auto& [heard, told] : codes) {
        router.context().now_ns += 1'000'000'000;
        for (const Bytes& packet : one_by_each()) {
            const auto answer = router.receives("wan", error_about(packet, 3, heard));
            EXPECT_TRUE(only(answer).frame.is_icmp(3, told)) << unsigned{heard};
            EXPECT_TRUE(only(answer).frame.checksums_hold());
            EXPECT_EQ(only(answer).interface, "lan");
        }
    }
    EXPECT_EQ(router.all_drops(), 0u);
}

TEST_P(TunnelErrors, TimeExceededIsToldAsHostUnreachable) {
    REQUIREMENT("RFC 2003 4.4",
                "Time exceeded in the tunnel is told to the inner source as host unreachable");
    TestRouter& router = router_of();
    const Bytes packet = ipv4().to("10.10.0.5").tcp(1000, 80).payload(40);
    const Bytes outer = ip_bytes(only(router.receives("lan", packet)).frame.bytes());
    const Sent told = only(router.receives("wan", error_about(outer, 11, 0)));
    EXPECT_TRUE(is_error({told}, 3, 1, "172.16.0.1", "10.0.0.9"));
    expect_quotes(told.frame.quoted(), ip_bytes(packet));
}

TEST_P(TunnelErrors, WhatIsForTheTunnelAloneIsNotRelayed) {
    REQUIREMENT("RFC 2003 4.1", "Port unreachable and source route failed are not relayed");
    REQUIREMENT("RFC 2003 4.2", "Source quench is not relayed");
    REQUIREMENT("RFC 2003 4.3", "Redirects are not relayed");
    (void)router_of();
    for (const Bytes& packet : one_by_each()) {
        expect_ignored(error_about(packet, 3, 3), "port unreachable");
        expect_ignored(error_about(packet, 3, 5), "source route failed");
        expect_ignored(error_about(packet, 4, 0), "source quench");
        expect_ignored(error_about(packet, 5, 1), "redirect");
    }
}

TEST_P(TunnelErrors, ParameterProblemIsRelayedWhenItPointsInside) {
    REQUIREMENT("RFC 2003 4.5",
                "A parameter problem is relayed only if it is one of the inner packet");
    TestRouter& router = router_of();
    const Bytes error = error_about(sent(large()), 12, 0);
    const auto pointing_at = [&](unsigned byte) {
        return with_words(error, static_cast<uint16_t>(byte << 8), 0);
    };
    expect_ignored(pointing_at(8), "the outer time to live");
    expect_ignored(pointing_at(23), "GRE");
    const Sent told = only(router.receives("wan", pointing_at(24 + 9)));
    EXPECT_TRUE(is_error({told}, 12, 0, "172.31.0.1", "10.0.0.9"));
    EXPECT_EQ(told.frame.icmp().word1.host(), 9 << 8);
}

TEST_P(TunnelErrors, WhatWeCanNotHaveSentIsIgnored) {
    TestRouter& router = router_of({.there = R"("type": "gre", "key": 7)"});
    const auto packets = one_by_each();
    const auto changed = [&](unsigned which, size_t at, uint8_t value) {
        Bytes packet = packets[which];
        packet.at(at) = value;
        return too_big(packet, 1000);
    };
    for (const unsigned which : {0u, 1u}) {
        expect_ignored(changed(which, 0, 0x46), "options");
        expect_ignored(changed(which, 6, 0), "may be fragmented");
        expect_ignored(changed(which, 7, 9), "a later fragment");
        expect_ignored(changed(which, 9, 6), "TCP");
        expect_ignored(changed(which, 15, 3), "of another end");
        expect_ignored(changed(which, 19, 99), "to another end");
    }
    expect_ignored(changed(0, 27, 8), "another key");
    expect_ignored(changed(0, 20, 0), "without a key");
    expect_ignored(changed(0, 20, 0xa0), "with a checksum, which makes it another key");
    expect_ignored(changed(0, 20, 0x30), "with a sequence number");
    expect_ignored(too_big(ip_bytes(ipv4().udp(1, 2)), 1000), "no tunnel");
    EXPECT_EQ(mtu_of("there"), 1472u);
    EXPECT_EQ(mtu_of("other"), 1480u);
    EXPECT_EQ(router.tally(layout::Tally::icmp_errors_sent), 0u);
}

TEST_P(TunnelErrors, RouterWithoutTunnelsHearsNone) {
    Network plain;
    use_way(plain.router);
    const Bytes quoted = ip_bytes(ipv4().from("203.0.113.2").protocol(gre_protocol).payload(40));
    EXPECT_TRUE(plain.router.receives("wan", too_big(quoted, 1000)).empty());
    EXPECT_EQ(plain.router.drops(DropReason::icmp_not_answered), 1u);
}

TEST_P(TunnelErrors, InnerPacketThatIsNotOursToRelayIsNot) {
    TestRouter& router = router_of();
    const Bytes packet = sent(large());
    const auto changed = [&](size_t at, uint8_t value) {
        Bytes inner(packet.begin() + 24, packet.end());
        inner.at(at) = value;
        net::fill_checksum(*reinterpret_cast<net::Ipv4Header*>(inner.data()));
        return error_about(first(24, packet) + inner, 3, 1);
    };
    Bytes untrue = packet;
    untrue.at(24 + 4) ^= 1;
    EXPECT_TRUE(router.receives("wan", error_about(untrue, 3, 1)).empty()) << "a false checksum";
    EXPECT_TRUE(router.receives("wan", changed(0, 0x65)).empty()) << "version 6";
    EXPECT_TRUE(router.receives("wan", changed(7, 3)).empty()) << "a later fragment";
    EXPECT_TRUE(router.receives("wan", changed(15, 1)).empty()) << "the source is ours";
    EXPECT_TRUE(router.receives("wan", changed(15, 255)).empty()) << "the source is no host";
    EXPECT_TRUE(router.receives("wan", changed(12, 99)).empty()) << "no way to the source";
    EXPECT_TRUE(router.receives("wan", changed(16, 99)).empty()) << "no way to the destination";
    const Bytes error = ip_bytes(ipv4().to("10.9.0.5").icmp(3, 1).payload(40));
    EXPECT_TRUE(router.receives("wan", error_about(first(24, packet) + error, 3, 1)).empty())
        << "an error";
    EXPECT_EQ(router.all_drops(), 0u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(TunnelErrors, KeepaliveThatIsLostIsToldToNobody) {
    TestRouter& router = router_of({.there = R"("type": "gre", "keepalive_s": 1)"});
    const auto id = router.id_of("there");
    const auto question = router.does([&](Context& c) { tunnel::send_keepalive(c, id); });
    const Bytes packet = ip_bytes(only(question).frame.bytes());
    EXPECT_TRUE(router.receives("wan", error_about(packet, 3, 1)).empty());
    EXPECT_EQ(router.tally(layout::Tally::icmp_errors_sent), 0u);
}

TEST_P(TunnelErrors, InnerPacketIsOnlyTooBigIfItIs) {
    TestRouter& router = router_of({.there = R"("type": "gre", "dont_fragment": "set")"});
    const Bytes may_be_split = sent(ipv4().to("10.9.0.5").payload(1300));
    EXPECT_TRUE(router.receives("wan", too_big(may_be_split, 1300)).empty())
        << "the next is fragmented before it is encapsulated";
    EXPECT_EQ(mtu_of("there"), 1276u);
    EXPECT_EQ(router.receives("lan", ipv4().to("10.9.0.5").payload(1300)).size(), 2u);
}

TEST_P(TunnelErrors, RelayedErrorsAreRateLimited) {
    REQUIREMENT("RFC 1812 4.3.2.8", "Errors that are relayed from a tunnel are limited, too");
    TestRouter& router = router_of();
    const Bytes error = error_about(sent(large()), 3, 1);
    size_t told = 0;
    for (int i = 0; i < 1000; ++i) told += router.receives("wan", error).size();
    EXPECT_GT(told, 0u);
    EXPECT_LT(told, 1000u);
    EXPECT_EQ(router.tally(layout::Tally::icmp_errors_limited), 1000 - told);
    EXPECT_EQ(router.all_drops(), 0u);
}

TEST_P(TunnelErrors, WhatARouterAddsToAnErrorIsNotQuoted) {
    REQUIREMENT("RFC 4884 4", "What follows the quotation in an error is no part of the packet");
    TestRouter& router = router_of();
    const Bytes packet = sent(large());
    const Bytes extension = words({0x2000, 0, 8, 0x0101, 0x1234, 0x5678});
    const Bytes error = error_about(first(128, packet) + extension, 11, 0);
    const Sent told = only(router.receives("wan", with_words(error, 32, 0)));
    EXPECT_EQ(told.frame.quoted(), Bytes(packet.begin() + 24, packet.begin() + 128));
}

TEST_P(TunnelErrors, QuotationCutShortAnywhereIsReadNoFurther) {
    TestRouter& router = router_of({.other = R"("type": "gre", "key": 7, "checksum": true)"});
    for (const Bytes& packet : one_by_each()) {
        for (size_t length = 0; length < 100; ++length) {
            router.context().now_ns += 100'000'000;
            const auto told = router.receives("wan", error_about(first(length, packet), 3, 1));
            for (const Sent& s : told) {
                EXPECT_TRUE(s.frame.checksums_hold());
                EXPECT_LE(s.frame.quoted().size() + 24, length);
            }
        }
    }
    EXPECT_EQ(router.pool().outstanding(), 0u);
    EXPECT_EQ(router
                  .receives_in_pieces(
                      "wan", router.addressed("wan", error_about(sent(large()), 3, 1)), 100)
                  .size(),
              1u);
    EXPECT_EQ(router.pool().outstanding(), 0u);
}

TEST_P(TunnelErrors, SourceThatWasTranslatedIsToldOfItsOwnPacket) {
    TestRouter& router = router_of(
        {.rest =
             R"(, "nat": [ { "name": "out", "type": "source", "from": "10.0.0.0/24", "out": "there", "to": "interface" } ])"});
    const Bytes packet = large();
    const Bytes outer = sent(large());
    ASSERT_EQ(reinterpret_cast<const net::Ipv4Header*>(outer.data() + 24)->source_address(),
              ip("172.31.0.1"));
    const Sent told = only(router.receives("wan", too_big(outer, 1300)));
    EXPECT_EQ(told.interface, "lan");
    EXPECT_TRUE(is_error({told}, 3, 4, "172.31.0.1", "10.0.0.9"));
    expect_quotes(told.frame.quoted(), ip_bytes(packet));
    EXPECT_TRUE(router.receives("wan", error_about(first(24 + 20 + 4, outer), 3, 1)).empty())
        << "too little is quoted to tell whose it was";
    EXPECT_EQ(router.all_drops(), 0u);
}

TEST_P(TunnelErrors, TraceNamesTheTunnel) {
    TestRouter& router = router_of();
    const Bytes error = error_about(sent(large()), 3, 1);
    layout::TraceRecord record{};
    router.context().trace = &record;
    (void)router.receives("wan", error);
    router.context().trace = nullptr;
    const layout::TraceStep* const begin = record.steps;
    const auto* end = begin + record.step_count;
    const auto* step = std::find_if(begin, end, [](const layout::TraceStep& s) {
        return s.step == layout::Step::tunnel_receive;
    });
    ASSERT_NE(step, end);
    EXPECT_EQ(step->interface, router.id_of("there"));
    EXPECT_EQ(step->a, ip("198.51.100.9").value);
}

TEST_P(TunnelErrors, TunnelInATunnelLearnsFromTheOuterOne) {
    TestRouter& router =
        router_of({.routes = R"(, { "prefix": "198.51.100.10/32", "interface": "there" })"});
    const Bytes packet = sent(large().to("10.10.0.5"));
    EXPECT_TRUE(router.receives("wan", too_big(packet, 1300)).empty()) << "its source is ours";
    EXPECT_EQ(mtu_of("there"), 1276u);
    EXPECT_EQ(mtu_of("other"), 1256u);
}

}  // namespace
}  // namespace sluice::test
