// SPDX-License-Identifier: BSD-3-Clause
// ICMP through the NAT, as RFC 5508 wants it: queries by their identifier, errors by what they
// quote.
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

constexpr const char* midway = "198.51.100.7";  // a router outside

uint16_t identifier(const Sent& s) { return word_at(s.frame.ip_payload(), 4); }

Ipv4Builder error_about(const Bytes& packet, uint8_t type = 3, uint8_t code = 1) {
    return ipv4().icmp(type, code).payload(packet);
}

class NatIcmp : public NatBothWays {
  protected:
    void SetUp() override { net = with_source_rule(); }

    struct Exchange {
        std::string name;
        Bytes ours;    // as the host sent it
        Bytes theirs;  // as it came to the remote
    };
    // What the host sends, and how it leaves.
    Exchange sends(std::string name, const Ipv4Builder& packet) {
        const Bytes frame = packet;
        const Sent out = only(net->router.receives("lan", frame));
        EXPECT_EQ(out.interface, "wan") << name;
        return {std::move(name), packet_in(frame), packet_in(out.frame.bytes())};
    }
    std::vector<Exchange> one_of_each() {
        std::vector<Exchange> all;
        all.push_back(sends("UDP", ipv4().to(remote).udp(5000, 53)));
        all.push_back(sends("UDP without a checksum",
                            ipv4().to(remote).udp(5000, 53).no_transport_checksum()));
        all.push_back(sends("TCP", ipv4().to(remote).tcp(4000, 80, 0x02)));
        all.push_back(sends("echo", echo(8, 77).to(remote)));
        all.push_back(sends("GRE", ipv4().to(remote).protocol(gre).payload(24)));
        all.push_back(sends("IP in IP", ipv4().to(remote).protocol(ipip).payload(
                                            packet_in(ipv4().udp(1, 2).build()))));
        all.push_back(sends("options", ipv4().to(remote).udp(5000, 53).options({1, 1, 1, 0})));
        return all;
    }
    std::unique_ptr<Network> net;
};
TEST_BOTH_WAYS(NatIcmp);

// The quotation is as it was sent but for what routers change: the ttl, and with it the checksum.
void expect_quotes(const Bytes& quoted, Bytes sent, const std::string& name) {
    ASSERT_LE(quoted.size(), sent.size()) << name;
    ASSERT_GE(quoted.size(), 20u) << name;
    const size_t header = (quoted[0] & 15) * 4u;
    EXPECT_TRUE(net::checksum_holds(quoted.data(), header)) << name;
    sent.resize(quoted.size());
    for (const size_t at : {8u, 10u, 11u}) sent[at] = quoted[at];
    EXPECT_EQ(quoted, sent) << name;
}

TEST_P(NatIcmp, AnEchoGoesOutByAnotherIdentifierAndItsReplyComesBack) {
    REQUIREMENT("RFC 5508 REQ-1", "Queries from inside are translated by their identifier");
    const Sent out = only(net->router.receives("lan", echo(8, 77).to(remote)));
    EXPECT_EQ(source_of(out), outside);
    EXPECT_TRUE(out.frame.checksums_hold());
    const Sent back =
        only(net->router.receives("wan", echo(0, identifier(out)).from(remote).to(outside)));
    EXPECT_EQ(back.interface + " " + destination_of(back), "lan 10.0.0.9");
    EXPECT_EQ(identifier(back), 77);
    EXPECT_TRUE(back.frame.checksums_hold());
}

TEST_P(NatIcmp, AnIdentifierIsTheSameForAllRemotesAndAnothersIsAnother) {
    REQUIREMENT("RFC 5508 REQ-1", "Mappings of identifiers are endpoint-independent");
    const auto id_of = [&](const char* from, const char* to) {
        return identifier(only(net->router.receives("lan", echo(8, 77).from(from).to(to))));
    };
    const uint16_t id = id_of(inside, remote);
    EXPECT_EQ(id_of(inside, "192.0.2.2"), id);
    EXPECT_NE(id_of(neighbour, remote), id);
}

TEST_P(NatIcmp, AQueryComesInThroughAStaticRule) {
    REQUIREMENT("RFC 5508 REQ-1", "Queries from outside are translated where a rule lets them in");
    net = with_rules(
        R"({"name": "s", "type": "static", "external": "203.0.113.9", "internal": "10.0.0.9"})");
    const Sent in = only(net->router.receives("wan", echo(8, 5).from(remote).to("203.0.113.9")));
    EXPECT_EQ(destination_of(in), inside);
    EXPECT_EQ(identifier(in), 5);
    const Sent back = only(net->router.receives("lan", echo(0, 5).from(inside).to(remote)));
    EXPECT_EQ(source_of(back), "203.0.113.9");
    EXPECT_EQ(identifier(back), 5);
    EXPECT_TRUE(back.frame.checksums_hold());
}

TEST_P(NatIcmp, APingInFragmentsToTheRouterItselfIsAnswered) {
    const Bytes whole = Frame(echo(8, 5, Bytes(40)).build()).ip_payload();
    const auto part = [&](uint16_t id, unsigned begin, size_t end) {
        return ipv4()
            .from(remote)
            .to(outside)
            .id(id)
            .protocol(1)
            .fragment(begin, end < whole.size())
            .payload(Bytes(whole.begin() + begin, whole.begin() + static_cast<long>(end)));
    };
    EXPECT_TRUE(net->router.receives("wan", part(1, 0, 16)).empty());
    EXPECT_TRUE(only(net->router.receives("wan", part(1, 16, whole.size()))).frame.is_icmp(0, 0));

    EXPECT_TRUE(net->router.receives("wan", part(2, 16, whole.size())).empty());
    EXPECT_TRUE(net->router.receives("wan", part(2, 0, 16)).empty());
    EXPECT_TRUE(only(net->router.waits(100ms)).frame.is_icmp(0, 0)) << "the last comes first";
    EXPECT_EQ(net->router.all_drops(), 0u);
    EXPECT_EQ(net->router.pool().outstanding(), 0u);
}

TEST_P(NatIcmp, AQuerysMappingLastsAMinute) {
    REQUIREMENT("RFC 5508 REQ-2", "A query's session lives for 60 seconds at least");
    const Sent out = only(net->router.receives("lan", echo(8, 77).to(remote)));
    const auto reply = echo(0, identifier(out)).from(remote).to(outside);
    let_pass(*net, 58s);
    EXPECT_EQ(only(net->router.receives("wan", reply)).interface, "lan");
    let_pass(*net, 64s);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 1);
}

TEST_P(NatIcmp, AnErrorFromOutsideQuotesWhatTheHostSent) {
    REQUIREMENT("RFC 5508 REQ-4", "An error from outside is turned back, its quotation too");
    for (const Exchange& e : one_of_each()) {
        const Sent s = only(
            net->router.receives("wan", error_about(e.theirs, 11, 0).from(midway).to(outside)));
        EXPECT_EQ(s.interface, "lan") << e.name;
        EXPECT_EQ(source_of(s), midway) << e.name;
        EXPECT_EQ(destination_of(s), inside) << e.name;
        EXPECT_TRUE(s.frame.is_icmp(11, 0)) << e.name;
        EXPECT_TRUE(s.frame.checksums_hold()) << e.name;
        expect_quotes(s.frame.quoted(), e.ours, e.name);
    }
}

TEST_P(NatIcmp, AnErrorFromInsideQuotesWhatTheRemoteSent) {
    REQUIREMENT("RFC 5508 REQ-5", "An error from inside is translated, its quotation too");
    const uint16_t port =
        source_port(only(net->router.receives("lan", ipv4().to(remote).udp(5000, 53))));
    const Bytes theirs = ipv4().from(remote).to(outside).udp(53, port).build();
    const Sent in = only(net->router.receives("wan", theirs));
    for (const char* teller : {inside, "10.0.0.77"}) {
        const auto sent = net->router.receives(
            "lan", error_about(packet_in(in.frame.bytes()), 3, 3).from(teller).to(remote));
        EXPECT_TRUE(is_error(sent, 3, 3, outside, remote)) << teller;
        expect_quotes(sent.at(0).frame.quoted(), packet_in(theirs), teller);
    }
}

TEST_P(NatIcmp, AnErrorWithAFalseChecksumIsDropped) {
    REQUIREMENT("RFC 5508 REQ-3", "An error whose own checksum is wrong is dropped");
    const Exchange e = sends("UDP", ipv4().to(remote).udp(5000, 53));
    Bytes error = error_about(e.theirs).from(midway).to(outside);
    error.back() ^= 1;
    EXPECT_TRUE(net->router.receives("wan", error).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_icmp_malformed), 1);
}

TEST_P(NatIcmp, AnErrorWhoseQuotationHasAFalseTransportChecksumPasses) {
    REQUIREMENT("RFC 5508 REQ-3", "The transport checksum of what is quoted is not looked at");
    const Exchange e = sends("UDP", ipv4().to(remote).udp(5000, 53));
    Bytes quoted = e.theirs;
    quoted.back() ^= 1;
    const Sent s = only(net->router.receives("wan", error_about(quoted).from(midway).to(outside)));
    EXPECT_EQ(s.interface, "lan");
    EXPECT_TRUE(s.frame.checksums_hold());
}

TEST_P(NatIcmp, AnErrorKeepsNoSessionAlive) {
    REQUIREMENT("RFC 5508 REQ-6", "An error neither keeps nor ends the session that it is of");
    const Exchange e = sends("UDP", ipv4().to(remote).udp(5000, 53));
    let_pass(*net, 200s);
    only(net->router.receives("wan", error_about(e.theirs).from(midway).to(outside)));
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 0);
    let_pass(*net, 104s);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 1);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 1);
}

TEST_P(NatIcmp, AnErrorWithinAHairpinIsTurnedBackAtBothEnds) {
    REQUIREMENT("RFC 5508 REQ-7", "Errors about hairpinned packets are translated");
    net = with_source_rule(R"(, "filtering": "endpoint-independent")");
    const uint16_t theirs = source_port(
        only(net->router.receives("lan", ipv4().from(neighbour).to(remote).udp(7000, 53))));
    const Bytes ours = ipv4().to(outside).udp(5000, theirs).build();
    const Sent there = only(net->router.receives("lan", ours));
    ASSERT_EQ(destination_of(there), neighbour);
    const Sent back = only(net->router.receives(
        "lan", error_about(packet_in(there.frame.bytes()), 3, 3).from(neighbour).to(outside)));
    EXPECT_EQ(source_of(back), outside);
    EXPECT_EQ(destination_of(back), inside);
    EXPECT_TRUE(back.frame.checksums_hold());
    expect_quotes(back.frame.quoted(), packet_in(ours), "hairpin");
}

TEST_P(NatIcmp, AnErrorAboutNoMappingIsDropped) {
    REQUIREMENT("RFC 5508 REQ-4", "An error about a flow without a mapping goes no further");
    const Bytes never = packet_in(ipv4().from(outside).to(remote).udp(40000, 53).build());
    EXPECT_TRUE(net->router.receives("wan", error_about(never).from(midway).to(outside)).empty());
}

TEST_P(NatIcmp, AnErrorMayBeCutShortAnywhere) {
    REQUIREMENT("RFC 5508 REQ-4",
                "An error that quotes too little is dropped, and else turned "
                "back as far as it quotes");
    for (const Exchange& e : one_of_each()) {
        for (size_t length = 0; length <= e.theirs.size(); ++length) {
            const Bytes cut(e.theirs.begin(), e.theirs.begin() + static_cast<long>(length));
            const auto sent =
                net->router.receives("wan", error_about(cut).from(midway).to(outside));
            if (sent.empty()) {
                EXPECT_LT(length, 28u) << e.name << " is enough to be known by";
                continue;
            }
            const Sent s = only(sent);
            EXPECT_EQ(s.interface + " " + destination_of(s), "lan 10.0.0.9") << e.name << length;
            EXPECT_TRUE(s.frame.checksums_hold()) << e.name << " cut to " << length;
            // Of half a checksum nothing can be asked.
            Bytes quoted = s.frame.quoted();
            quoted.resize(length & ~size_t{1});
            expect_quotes(quoted, e.ours, e.name + " cut to " + std::to_string(length));
        }
    }
}

TEST_P(NatIcmp, AnErrorMayComeInPiecesOfAnyLength) {
    REQUIREMENT("RFC 5508 REQ-3", "An error's checksum is looked at over all of its buffers");
    const Exchange e = sends("UDP", ipv4().to(remote).udp(5000, 53).payload(300));
    const Bytes error = error_about(e.theirs).from(midway).to(outside);
    for (size_t piece = 70; piece < error.size(); piece += 7) {
        const Sent s =
            only(net->router.receives_in_pieces("wan", net->router.addressed("wan", error), piece));
        EXPECT_EQ(destination_of(s), inside) << piece;
        EXPECT_TRUE(s.frame.checksums_hold()) << piece;
        expect_quotes(s.frame.quoted(), e.ours, "pieces");
    }
}

}  // namespace
}  // namespace sluice::test
