// SPDX-License-Identifier: BSD-3-Clause
// FTP through the NAT: what control connections say is what data connections can use.
#include "test/path/nat_network.h"

namespace sluice::test {
namespace {

constexpr uint8_t push = 0x08;
constexpr uint32_t our_start = 0xfffffff0, their_start = 5000;  // the first of them wraps soon
constexpr const char* server = "192.0.2.1";

uint32_t long_at(const Bytes& b, size_t at) {
    return static_cast<uint32_t>(word_at(b, at)) << 16 | word_at(b, at + 2);
}
std::string text_of(const Sent& s) {
    const Bytes segment = s.frame.ip_payload();
    const auto header = static_cast<long>(segment.at(12) >> 4) * 4;
    return {segment.begin() + header, segment.end()};
}
uint32_t sequence_of(const Sent& s) { return long_at(s.frame.ip_payload(), 4); }
uint32_t acknowledgement_of(const Sent& s) { return long_at(s.frame.ip_payload(), 8); }
Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string comma_form(const std::string& address, uint16_t port) {
    std::string text = address;
    std::replace(text.begin(), text.end(), '.', ',');
    return text + "," + std::to_string(port >> 8) + "," + std::to_string(port & 255);
}

// A connection through the router: numbers are counted from its start on either side.
class Connection {
  public:
    // `interface`: where the one whom `us` is comes in.
    Connection(Network& net, std::string interface, std::string us, uint16_t our_port,
               std::string them, uint16_t their_port)
        : net_(net),
          interface_(std::move(interface)),
          us_(std::move(us)),
          them_(std::move(them)),
          our_port_(our_port),
          their_port_(their_port) {}

    Ipv4Builder segment(uint32_t at, const std::string& text, uint8_t flags = push | ack,
                        uint32_t acknowledged = 0, Bytes options = {}) const {
        return ipv4()
            .from(us_)
            .to(them_)
            .tcp(our_port_, their_port_, flags)
            .numbers(start_ + at, other_start_ + acknowledged, std::move(options))
            .payload(bytes_of(text));
    }
    std::vector<Sent> sends_all(const Ipv4Builder& segment) {
        return net_.router.receives(interface_, segment);
    }
    Sent sends(const Ipv4Builder& segment) {
        const Sent sent = only(sends_all(segment));
        EXPECT_TRUE(sent.frame.checksums_hold()) << sent.frame.describe();
        return sent;
    }
    Sent says(uint32_t at, const std::string& text) { return sends(segment(at, text)); }
    void count_from(uint32_t start, uint32_t other) {
        start_ = start;
        other_start_ = other;
    }

  private:
    Network& net_;
    std::string interface_, us_, them_;
    uint16_t our_port_, their_port_;
    uint32_t start_ = our_start, other_start_ = their_start;
};

class NatFtp : public NatBothWays {
  protected:
    static constexpr const char* with_ftp = R"(, "alg": ["ftp"])";
    // Whatever port is drawn, its text is longer than that of the host's own.
    static constexpr const char* with_ftp_and_long_ports =
        R"(, "alg": ["ftp"], "ports": "50000-50999")";

    // The client inside has opened its control connection; the server knows it by `port`.
    void open_from_inside(Network& net) {
        client = std::make_unique<Connection>(net, "lan", inside, 4000, server, 21);
        client->count_from(our_start, their_start);
        const Sent first = client->sends(client->segment(0, "", syn));
        port = source_port(first);
        external = source_of(first);
        host = std::make_unique<Connection>(net, "wan", server, 21, external, port);
        host->count_from(their_start, our_start);
        host->sends(host->segment(0, "", syn | ack, 1));
        client->sends(client->segment(1, "", ack, 1));
    }
    // The client outside has, to a server inside behind `external`.
    void open_from_outside(Network& net, const std::string& at, uint16_t server_port = 21) {
        external = at;
        host = std::make_unique<Connection>(net, "wan", server, 4000, at, 21);
        host->count_from(their_start, our_start);
        host->sends(host->segment(0, "", syn));
        client = std::make_unique<Connection>(net, "lan", inside, server_port, server, 4000);
        client->count_from(our_start, their_start);
        client->sends(client->segment(0, "", syn | ack, 1));
        host->sends(host->segment(1, "", ack, 1));
    }
    // The port in "PORT 203,0,113,2,18,52\r\n" and the like.
    static uint16_t port_in(const std::string& text) {
        const size_t low = text.rfind(','), high = text.rfind(',', low - 1);
        return static_cast<uint16_t>(std::stoi(text.substr(high + 1)) * 256 +
                                     std::stoi(text.substr(low + 1)));
    }
    // What becomes of a SYN from the remote, whatever its port.
    static std::string comes_in(Network& net, uint16_t to_port, const std::string& to = outside,
                                const std::string& from = server, uint16_t from_port = 20) {
        const auto sent =
            net.router.receives("wan", ipv4().from(from).to(to).tcp(from_port, to_port, syn));
        return sent.empty() ? "nothing" : flow_of(only(sent));
    }

    std::unique_ptr<Connection> client, host;  // inside and outside
    uint16_t port = 0;
    std::string external;
};
TEST_BOTH_WAYS(NatFtp);

TEST_P(NatFtp, AClientInsideNamesAnEndpointThatTheServerReaches) {
    REQUIREMENT("RFC 2663 2.9", "An ALG translates addresses and ports in payloads: FTP's PORT");
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    const std::string said = text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n"));
    const uint16_t data = port_in(said);
    EXPECT_EQ(said, "PORT " + comma_form(outside, data) + "\r\n");
    EXPECT_EQ(comes_in(*net, data), "lan 192.0.2.1:20 > 10.0.0.9:4464");
    EXPECT_EQ(
        flow_of(only(net->router.receives("lan", ipv4().to(server).tcp(4464, 20, syn | ack)))),
        at_port("wan 203.0.113.2", data, " > 192.0.2.1:20"));
}

// The first line shrinks by more than the second grows by, but is not replaced before it.
TEST_P(NatFtp, ALineFindsNoRoomInASegmentThatFillsItsBuffer) {
    for (const size_t room : {size_t{0}, size_t{32}}) {
        const auto net = with_source_rule(with_ftp_and_long_ports);
        open_from_inside(*net);
        std::string text = "PORT 10,0,0,9,17,112\r\nPORT 10,0,0,9,17,113\r\n";
        text.insert(5, HeapPool::room - HeapPool::headroom - 54 - text.size() - room, '0');
        EXPECT_EQ(client->sends_all(client->segment(1, text)).size(), room == 0 ? 0u : 1u);
        EXPECT_EQ(net->router.drops(DropReason::nat_alg_refused), room == 0 ? 1u : 0u);
    }
}

TEST_P(NatFtp, WhatIsRefusedForWantOfRoomPassesWhenItIsRepeatedInSmallerPieces) {
    const auto net = with_source_rule(with_ftp_and_long_ports);
    open_from_inside(*net);
    const std::string command = "PORT 10,0,0,9,17,112\r\n";
    std::string text;
    for (unsigned i = 0; i < 5; ++i) text += command;
    const std::string zeros(HeapPool::room - HeapPool::headroom - 54 - text.size(), '0');
    text.insert(5, zeros);
    EXPECT_TRUE(client->sends_all(client->segment(1, text)).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_alg_refused), 1u);

    uint32_t leaves = our_start + 1;
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at) + 1;  // line by line
        const Sent sent = client->says(static_cast<uint32_t>(1 + at), text.substr(at, end - at));
        EXPECT_EQ(sequence_of(sent), leaves);
        EXPECT_EQ(text_of(sent).find("10,0,0,9"), std::string::npos);
        leaves += static_cast<uint32_t>(text_of(sent).size());
        at = end;
    }
}

TEST_P(NatFtp, AnErrorQuotesTheNumbersThatTheHostInsideHasGiven) {
    const auto net = with_source_rule(with_ftp_and_long_ports);
    open_from_inside(*net);
    client->says(1, "PORT 10,0,0,9,17,112\r\n");
    const Bytes original = client->segment(23, "LIST\r\n");
    const Bytes sent = client->says(23, "LIST\r\n").frame.bytes();
    EXPECT_NE(long_at(sent, 38), our_start + 23);
    for (const size_t quoted : {28u, 46u}) {
        const Sent told = only(net->router.receives(
            "wan", ipv4()
                       .from("198.51.100.1")
                       .to(outside)
                       .icmp(3, 1)
                       .payload(Bytes(sent.begin() + 14, sent.begin() + 14 + long(quoted)))));
        EXPECT_TRUE(told.frame.checksums_hold());
        const Bytes error = told.frame.ip_payload();
        EXPECT_EQ(Bytes(error.begin() + 28, error.end()),
                  Bytes(original.begin() + 34, original.begin() + 14 + long(quoted)));
    }
}

TEST_P(NatFtp, AnExtendedPortIsTranslatedToo) {
    REQUIREMENT("RFC 2428 2", "EPRT names an address and a port; a NAT translates them");
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    const std::string said = text_of(client->says(1, "eprt |1|10.0.0.9|4464|\r\n"));
    ASSERT_TRUE(said.starts_with("eprt |1|203.0.113.2|")) << said;
    const auto data = static_cast<uint16_t>(std::stoi(said.substr(20)));
    EXPECT_EQ(said, "eprt |1|203.0.113.2|" + std::to_string(data) + "|\r\n");
    EXPECT_EQ(comes_in(*net, data), "lan 192.0.2.1:20 > 10.0.0.9:4464");
}

TEST_P(NatFtp, WithoutTheKeyTextStaysWhatItIs) {
    const auto net = with_source_rule();
    open_from_inside(*net);
    EXPECT_EQ(text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n")), "PORT 10,0,0,9,17,112\r\n");
}

TEST_P(NatFtp, OnlyPort21IsAControlConnection) {
    const auto net = with_source_rule(with_ftp);
    const auto said = ipv4().to(server).tcp(4000, 25).payload(bytes_of("PORT 10,0,0,9,17,112\r\n"));
    net->router.receives("lan", ipv4().to(server).tcp(4000, 25, syn));
    EXPECT_EQ(text_of(only(net->router.receives("lan", said))), "PORT 10,0,0,9,17,112\r\n");
}

TEST_P(NatFtp, NumbersFollowTheTextThatGrew) {
    const auto net = with_source_rule(with_ftp_and_long_ports);
    open_from_inside(*net);
    const std::string command = "PORT 10,0,0,9,17,112\r\n";
    const Sent first = client->says(1, command);
    EXPECT_EQ(sequence_of(first), our_start + 1) << "nothing was changed before";
    const auto was = static_cast<uint32_t>(command.size());
    const auto is = static_cast<uint32_t>(text_of(first).size());
    ASSERT_GT(is, was);

    EXPECT_EQ(acknowledgement_of(host->sends(host->segment(1, "200 OK\r\n", push | ack, 1 + is))),
              our_start + 1 + was);
    const Sent next = client->says(1 + was, "LIST\r\n");
    EXPECT_EQ(sequence_of(next), our_start + 1 + is);
    EXPECT_EQ(text_of(next), "LIST\r\n");
    EXPECT_EQ(acknowledgement_of(host->sends(host->segment(9, "", ack, 1 + is + 6))),
              our_start + 1 + was + 6);
    EXPECT_EQ(acknowledgement_of(host->sends(host->segment(9, "", ack, 1))), our_start + 1)
        << "of what came before the change";
}

TEST_P(NatFtp, NumbersFollowTheTextThatShrank) {
    const auto net = with_rules(
        R"({"type": "static", "in": "wan", "out": "wan", "external": "9.9.9.9",
            "internal": "10.0.0.9", "alg": ["ftp"]})");
    open_from_inside(*net);
    EXPECT_EQ(text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n")), "PORT 9,9,9,9,17,112\r\n");
    EXPECT_EQ(sequence_of(client->says(23, "LIST\r\n")), our_start + 22);
    EXPECT_EQ(acknowledgement_of(host->sends(host->segment(1, "", ack, 22))), our_start + 23);
    EXPECT_EQ(sequence_of(client->sends(client->segment(28, "", ack, 1))), our_start + 27);
}

TEST_P(NatFtp, ASegmentThatIsRepeatedLeavesAsTheFirstTime) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    const std::string command = "PORT 10,0,0,9,17,112\r\n";
    const Sent once = client->says(1, command);
    const Sent again = client->says(1, command);
    EXPECT_EQ(text_of(again), text_of(once));
    EXPECT_EQ(sequence_of(again), sequence_of(once));
    const Sent more = client->says(1, command + "LIST\r\n");
    EXPECT_EQ(text_of(more), text_of(once) + "LIST\r\n") << "with what came after it";
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 2);
}

TEST_P(NatFtp, ALineMayComeInPiecesAsLongAsItsArgumentIsOne) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    EXPECT_EQ(text_of(client->says(1, "TYPE I\r\nPO")), "TYPE I\r\nPO");
    const std::string said = text_of(client->says(11, "RT 10,0,0,9,17,112\r\n"));
    EXPECT_EQ(said, "RT " + comma_form(outside, port_in(said)) + "\r\n");
}

TEST_P(NatFtp, AnArgumentInPiecesIsRefusedSoThatTheServerSaysSo) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    EXPECT_EQ(text_of(client->says(1, "PORT 10,0,0,9")), "PORT xxxxxxxx");
    EXPECT_EQ(text_of(client->says(14, ",17,112\r\nNOOP 1\r\n")), "xxxxxxx\r\nNOOP 1\r\n");
    EXPECT_EQ(text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n")), "PORT xxxxxxxxxxxxxxx\r\n")
        << "and stays so when it is repeated as one";
    const std::string next = text_of(client->says(31, "PORT 10,0,0,9,17,112\r\n"));
    EXPECT_EQ(next, "PORT " + comma_form(outside, port_in(next)) + "\r\n");
}

TEST_P(NatFtp, WordsThatBeginLikeACommandPassAsTheyAre) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    uint32_t at = 1;
    for (const std::string text :
         {"P", "ASS 10,0,0,9,1,1\r\n", "STOR PORT 10,0,0,9,17,112\r\n", "PORTX 10,0,0,9,17,112\r\n",
          "PORT nonsense\r\n", "PORT 10,0,0,9,17\r\n", "PORT 10,0,0,9,17,999\r\n",
          "EPRT |2|::1|4000|\r\n", "PORT\r\n", "227 (10,0,0,9,17,112)\r\n", "\r\n"}) {
        const Sent sent = client->says(at, text);
        EXPECT_EQ(text_of(sent), text);
        EXPECT_EQ(sequence_of(sent), our_start + at);
        at += static_cast<uint32_t>(text.size());
    }
}

TEST_P(NatFtp, NeitherAnotherHostsAddressNorAPrivilegedPortIsOpened) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    const std::string theirs = "PORT 10,0,0,8,17,112\r\n", low = "PORT 10,0,0,9,0,22\r\n";
    EXPECT_EQ(text_of(client->says(1, theirs + low)), theirs + low);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 1);
}

TEST_P(NatFtp, OnlyTheServerMayOpenTheDataConnectionAndOnlyOnce) {
    for (const char* filtering : {"address-dependent", "address-and-port-dependent"}) {
        const auto net =
            with_source_rule(R"(, "filtering": ")" + std::string(filtering) + "\"" + with_ftp);
        open_from_inside(*net);
        const uint16_t data = port_in(text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n")));
        EXPECT_EQ(comes_in(*net, data, outside, "192.0.2.2"), "nothing");
        EXPECT_EQ(comes_in(*net, data, outside, server, 3333), "lan 192.0.2.1:3333 > 10.0.0.9:4464")
            << "from whatever port";
    }
    const auto net =
        with_source_rule(R"(, "filtering": "address-and-port-dependent")" + std::string(with_ftp));
    open_from_inside(*net);
    const uint16_t data = port_in(text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n")));
    comes_in(*net, data, outside, server, 3333);
    EXPECT_EQ(comes_in(*net, data, outside, server, 3334), "nothing");
}

TEST_P(NatFtp, WhatNobodyUsesIsGivenBack) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    const uint16_t data = port_in(text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n")));
    let_pass(*net, 250s);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 1);
    EXPECT_EQ(comes_in(*net, data), "nothing");
    let_pass(*net, 8000s);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_ended), 2);
}

TEST_P(NatFtp, WhereNoPortIsFreeTheCommandIsRefused) {
    const auto net = with_source_rule(R"(, "ports": "4000-4000")" + std::string(with_ftp));
    open_from_inside(*net);
    EXPECT_EQ(text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n")), "PORT xxxxxxxxxxxxxxx\r\n");
    const auto events = net->router.events();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, layout::EventKind::nat_no_port);
}

TEST_P(NatFtp, ASegmentThatComesTooEarlyIsDropped) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    EXPECT_TRUE(client->sends_all(client->segment(9, "PORT 10,0,0,9,17,112\r\n")).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_alg_refused), 1);
    client->says(1, "TYPE I\r\n");
    const std::string said = text_of(client->says(9, "PORT 10,0,0,9,17,112\r\n"));
    EXPECT_EQ(said, "PORT " + comma_form(outside, port_in(said)) + "\r\n");
}

TEST_P(NatFtp, ASegmentWithAFalseChecksumOrInFragmentsIsNotRead) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    auto bad = client->segment(1, "PORT 10,0,0,9,17,112\r\n").no_transport_checksum();
    EXPECT_TRUE(client->sends_all(bad).empty());
    auto first = client->segment(1, "PORT 10,0,0,9,17,112,\r\n").fragment(0, true);
    EXPECT_TRUE(client->sends_all(first).empty());
    EXPECT_EQ(net->router.drops(DropReason::nat_alg_refused), 2);
    EXPECT_EQ(net->router.tally(layout::Tally::nat_sessions_made), 1);
}

TEST_P(NatFtp, SelectiveAcknowledgementsFollowToo) {
    REQUIREMENT("RFC 2018 3", "The edges of SACK blocks are sequence numbers, and are translated");
    const auto net = with_source_rule(with_ftp_and_long_ports);
    open_from_inside(*net);
    const std::string command = "PORT 10,0,0,9,17,112\r\n";
    const auto was = static_cast<uint32_t>(command.size());
    const auto is = static_cast<uint32_t>(text_of(client->says(1, command)).size());
    client->says(1 + was, "LIST\r\n");
    const auto number = [](uint32_t n) {
        return Bytes{static_cast<uint8_t>(n >> 24), static_cast<uint8_t>(n >> 16),
                     static_cast<uint8_t>(n >> 8), static_cast<uint8_t>(n)};
    };
    for (const Bytes& before : {Bytes{1, 1}, Bytes{1}}) {  // at even places and at odd ones
        Bytes sack = before;
        sack.insert(sack.end(), {5, 10});
        for (const uint32_t edge : {our_start + 1 + is, our_start + 1 + is + 6}) {
            const Bytes four = number(edge);
            sack.insert(sack.end(), four.begin(), four.end());
        }
        const Sent sent = host->sends(host->segment(1, "", ack, 1, sack));
        const size_t at = 20 + before.size() + 2;
        EXPECT_EQ(long_at(sent.frame.ip_payload(), at), our_start + 1 + was);
        EXPECT_EQ(long_at(sent.frame.ip_payload(), at + 4), our_start + 1 + was + 6);
        EXPECT_EQ(acknowledgement_of(sent), our_start + 1);
    }
}

TEST_P(NatFtp, ManyCommandsInOneSegmentAreAllTranslated) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    const std::string said = text_of(
        client->says(1, "PORT 10,0,0,9,17,112\r\nNOOP\r\nPORT 10,0,0,9,17,113\r\nEPRT |1|10.0."));
    const size_t second = said.find("NOOP\r\n");
    const std::string one = said.substr(0, second), two = said.substr(second + 6);
    const uint16_t a = port_in(one), b = port_in(two.substr(0, two.find('\r')));
    EXPECT_EQ(said, "PORT " + comma_form(outside, a) + "\r\nNOOP\r\nPORT " +
                        comma_form(outside, b) + "\r\nEPRT xxxxxxxx");
    EXPECT_EQ(comes_in(*net, a), "lan 192.0.2.1:20 > 10.0.0.9:4464");
    EXPECT_EQ(comes_in(*net, b), "lan 192.0.2.1:20 > 10.0.0.9:4465");
}

TEST_P(NatFtp, TheConnectionGoesOnAfterTheDataplaneWasKilled) {
    const auto net = with_source_rule(with_ftp_and_long_ports);
    open_from_inside(*net);
    const std::string command = "PORT 10,0,0,9,17,112\r\n";
    const auto was = static_cast<uint32_t>(command.size());
    const std::string said = text_of(client->says(1, command));
    const auto is = static_cast<uint32_t>(said.size());
    net->router.restart_nat();
    EXPECT_EQ(text_of(client->says(1, command)), said);
    EXPECT_EQ(sequence_of(client->says(1 + was, "LI")), our_start + 1 + is);
    net->router.restart_nat();
    EXPECT_EQ(sequence_of(client->says(1 + was + 2, "ST\r\n")), our_start + 1 + is + 2);
    EXPECT_EQ(acknowledgement_of(host->sends(host->segment(1, "", ack, 1 + is))),
              our_start + 1 + was);
    EXPECT_EQ(comes_in(*net, port_in(said)), "lan 192.0.2.1:20 > 10.0.0.9:4464");
}

TEST_P(NatFtp, HundredsOfCommandsOfOneConnectionAddUp) {
    const auto net = with_source_rule(with_ftp_and_long_ports);
    open_from_inside(*net);
    uint32_t was = 1, is = 1;
    for (unsigned i = 0; i < 300; ++i) {
        const std::string command = "PORT 10,0,0,9,17," + std::to_string(i % 256) + "\r\n";
        const Sent sent = client->says(was, command);
        ASSERT_EQ(sequence_of(sent), our_start + is);
        was += static_cast<uint32_t>(command.size());
        is += static_cast<uint32_t>(text_of(sent).size());
        ASSERT_EQ(acknowledgement_of(host->sends(host->segment(1, "", ack, is))), our_start + was);
    }
    EXPECT_TRUE(client->sends_all(client->segment(1, "PORT 10,0,0,9,17,0\r\n")).empty())
        << "what was changed so long ago is not repeated";
}

TEST_P(NatFtp, AServerBehindAForwardIsReachedInPassiveMode) {
    REQUIREMENT("RFC 2663 2.9", "An ALG translates addresses and ports in payloads: a 227");
    const auto net = with_rules(R"({"name": "ftp", "type": "forward", "in": "wan",
        "protocol": "tcp", "port": 21, "to": "10.0.0.9:2121", "alg": ["ftp"]})");
    open_from_outside(*net, outside, 2121);
    const std::string said =
        text_of(client->says(1, "227 Entering Passive Mode (10,0,0,9,17,112).\r\n"));
    const size_t begin = said.find('('), end = said.find(')');
    const uint16_t data = port_in(said.substr(0, end));
    EXPECT_EQ(said.substr(begin), "(" + comma_form(outside, data) + ").\r\n");
    EXPECT_EQ(comes_in(*net, data, outside, server, 5555), "lan 192.0.2.1:5555 > 10.0.0.9:4464");
    EXPECT_EQ(
        flow_of(only(net->router.receives("lan", ipv4().to(server).tcp(4464, 5555, syn | ack)))),
        at_port("wan 203.0.113.2", data, " > 192.0.2.1:5555"));
}

TEST_P(NatFtp, AServerBehindAForwardIsReachedInExtendedPassiveMode) {
    REQUIREMENT("RFC 2428 3", "The reply to EPSV names a port; a NAT translates it");
    const auto net = with_rules(R"({"name": "ftp", "type": "forward", "in": "wan",
        "protocol": "tcp", "port": 21, "to": "10.0.0.9", "alg": ["ftp"]})");
    open_from_outside(*net, outside);
    const std::string said =
        text_of(client->says(1, "229 Entering Extended Passive Mode (|||4464|)\r\n"));
    const std::string before = "229 Entering Extended Passive Mode (|||";
    ASSERT_TRUE(said.starts_with(before)) << said;
    const auto data = static_cast<uint16_t>(std::stoi(said.substr(before.size())));
    EXPECT_EQ(said, before + std::to_string(data) + "|)\r\n");
    EXPECT_EQ(comes_in(*net, data, outside, server, 5555), "lan 192.0.2.1:5555 > 10.0.0.9:4464");
}

TEST_P(NatFtp, AServerBehindAStaticRuleNamesItsAddressOutside) {
    const auto net = with_rules(
        R"({"type": "static", "in": "wan", "out": "wan", "external": "203.0.113.9",
            "internal": "10.0.0.9", "alg": ["ftp"]})");
    open_from_outside(*net, "203.0.113.9");
    EXPECT_EQ(text_of(client->says(1, "227 =10,0,0,9,17,112\r\n")), "227 =203,0,113,9,17,112\r\n");
    EXPECT_EQ(text_of(client->says(23, "229 Fine (|||4464|)\r\n")), "229 Fine (|||4464|)\r\n");
    EXPECT_EQ(comes_in(*net, 4464, "203.0.113.9", server, 5555),
              "lan 192.0.2.1:5555 > 10.0.0.9:4464");
}

TEST_P(NatFtp, AHostOfADynamicRuleNamesItsAddressAndItsOwnPort) {
    const auto net = with_rules(R"({"name": "d", "type": "dynamic", "out": "wan",
        "from": "10.0.0.0/24", "to": "203.0.113.64-203.0.113.65", "alg": ["ftp"]})");
    open_from_inside(*net);
    EXPECT_EQ(text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n")),
              "PORT " + comma_form(external, 4464) + "\r\n");
    EXPECT_EQ(comes_in(*net, 4464, external), "lan 192.0.2.1:20 > 10.0.0.9:4464");
}

TEST_P(NatFtp, AConnectionThatBeginsAnewIsReadAnew) {
    const auto net = with_source_rule(with_ftp);
    open_from_inside(*net);
    client->says(1, "PORT 10,0,0,9,17,112\r\n");
    client->sends(client->segment(23, "", fin | ack, 1));
    host->sends(host->segment(1, "", fin | ack, 30));
    client->count_from(777, their_start);
    EXPECT_EQ(sequence_of(client->sends(client->segment(0, "", syn))), 777U);
    const std::string said = text_of(client->says(1, "PORT 10,0,0,9,17,112\r\n"));
    EXPECT_EQ(said, "PORT " + comma_form(outside, port_in(said)) + "\r\n");
}

}  // namespace
}  // namespace sluice::test
