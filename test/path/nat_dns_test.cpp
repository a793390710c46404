// SPDX-License-Identifier: BSD-3-Clause
// Bi-directional NAT by name: what a name server inside tells a client outside.
#include "test/path/nat_network.h"
#include "test/support/dns_message.h"

namespace sluice::test {
namespace {

using Record = Bytes;

void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

// A record of the name at offset 12, of that type and class IN, with a TTL of one hour.
Record record(uint8_t type, const Bytes& data) {
    Record r{0xc0, 12, 0, type, 0, 1, 0, 0, 14, 16, 0, static_cast<uint8_t>(data.size())};
    append(r, data);
    return r;
}
Record address(std::string_view of) {
    const uint32_t a = ip(of).value;
    return record(1, {static_cast<uint8_t>(a >> 24), static_cast<uint8_t>(a >> 16),
                      static_cast<uint8_t>(a >> 8), static_cast<uint8_t>(a)});
}

// The answer to one question for an address, whose name takes up that many bytes.
struct Answer {
    std::vector<Record> answers, authorities, additional;
    uint8_t flags = 0x81;
    size_t name_bytes = 3;

    Bytes build() const {
        const auto count = [](const auto& list) { return static_cast<uint8_t>(list.size()); };
        Bytes m{1,
                2,
                flags,
                0x80,
                0,
                1,
                0,
                count(answers),
                0,
                count(authorities),
                0,
                count(additional),
                static_cast<uint8_t>(name_bytes)};
        m.insert(m.end(), name_bytes, 'a');
        append(m, {0, 0, 1, 0, 1});
        for (const auto* section : {&answers, &authorities, &additional}) {
            for (const Record& r : *section) append(m, r);
        }
        return m;
    }
};

Bytes asked_for(const std::string& name) {
    return DnsMessage(0x01, 0, 0).name(name).raw({0, 12, 0, 1});
}
// The answer of a server that compresses all that it can: who it is, of which zone, by which server
// of names, one of which is the name of an address too.
Bytes answered_for(const std::string& name, const std::string& another) {
    DnsMessage m = DnsMessage(0x85, 2, 2).name(name).raw({0, 12, 0, 1});
    m.pointer(12).record(12, 14).labels("host");
    const size_t domain = m.place();
    m.name("example");
    const size_t length = DnsMessage(0, 0, 0).name(another).place() - 12;
    m.pointer(12).record(5, length).name(another);
    m.pointer(12 + 1 + name.find('.')).record(2, 5).labels("ns").pointer(domain);
    m.pointer(domain).record(1, 4).raw({192, 0, 2, 9});
    return m;
}

constexpr const char* fixed_rule =
    R"({"type": "static", "in": "wan", "out": "wan", "external": "203.0.113.72/29",
        "internal": "10.0.0.8/29", "alg": ["dns"]})";
constexpr const char* dynamic_rule =
    R"({"type": "dynamic", "out": "wan", "from": "10.0.0.64/26", "to": "203.0.113.64-203.0.113.65"})";

class NatDns : public NatBothWays {
  protected:
    // What the client outside gets of an answer of the server 10.0.0.9.
    Bytes told(Network& net, const Bytes& message, const std::string& server = "203.0.113.73",
               bool checksum = true) {
        net.router.receives("wan",
                            ipv4().from(remote).to(server).udp(4000, 53).payload(size_t{30}));
        auto reply = ipv4().from(inside).to(remote).udp(53, 4000).payload(message);
        if (!checksum) reply.no_transport_checksum();
        const Sent sent = only(net.router.receives("lan", reply));
        EXPECT_EQ(flow_of(sent), "wan " + server + ":53 > 192.0.2.1:4000");
        const Bytes udp = sent.frame.ip_payload();
        EXPECT_EQ(word_at(udp, 6) != 0, checksum) << "none stays none";
        return {udp.begin() + 8, udp.end()};
    }
    // What the server inside is asked, and what the client outside gets, by the same two sockets.
    static Bytes asked(Network& net, const Bytes& message, uint16_t port = 4000) {
        const Sent sent = only(net.router.receives(
            "wan", ipv4().from(remote).to("203.0.113.73").udp(port, 53).payload(message)));
        EXPECT_EQ(flow_of(sent), at_port("lan 192.0.2.1", port, " > 10.0.0.9:53"));
        const Bytes udp = sent.frame.ip_payload();
        EXPECT_EQ(word_at(udp, 4), udp.size());
        return {udp.begin() + 8, udp.end()};
    }
    static Bytes answered(Network& net, const Bytes& message) {
        const Sent sent = only(net.router.receives(
            "lan", ipv4().from(inside).to(remote).udp(53, 4000).payload(message)));
        EXPECT_EQ(flow_of(sent), "wan 203.0.113.73:53 > 192.0.2.1:4000");
        const Bytes udp = sent.frame.ip_payload();
        EXPECT_EQ(word_at(udp, 4), udp.size());
        return {udp.begin() + 8, udp.end()};
    }
};
TEST_BOTH_WAYS(NatDns);

TEST_P(NatDns, AQuestionForTheNameOfAnExternalAddressIsAskedForThatOfTheHostInside) {
    REQUIREMENT("RFC 2694 4.2", "The name of an external address is that of the host inside");
    const auto net = with_rules(fixed_rule);
    for (unsigned i = 0; i < 2; ++i) {  // the first packet of a session, and a later one
        EXPECT_EQ(asked(*net, asked_for("74.113.0.203.IN-addr.arpa")),
                  asked_for("10.0.0.10.IN-addr.arpa"));
    }
    const Bytes another = asked_for("74.113.0.204.in-addr.arpa");
    EXPECT_EQ(asked(*net, another), another);
    EXPECT_EQ(answered(*net, answered_for("10.0.0.10.in-addr.arpa", "11.0.0.10.in-addr.arpa")),
              answered_for("74.113.0.203.in-addr.arpa", "75.113.0.203.in-addr.arpa"));
}

TEST_P(NatDns, ANameThatIsLongerInsideShrinksOnItsWayOut) {
    const auto net = with_rules(
        R"({"type": "static", "in": "wan", "out": "wan", "external": "203.0.113.73",
            "internal": "10.0.0.9", "alg": ["dns"]},
           {"type": "static", "in": "wan", "out": "wan", "external": "9.9.9.9",
            "internal": "10.0.0.222"})");
    EXPECT_EQ(asked(*net, asked_for("9.9.9.9.in-addr.arpa")), asked_for("222.0.0.10.in-addr.arpa"));
    EXPECT_EQ(answered(*net, answered_for("222.0.0.10.in-addr.arpa", "222.0.0.10.in-addr.arpa")),
              answered_for("9.9.9.9.in-addr.arpa", "9.9.9.9.in-addr.arpa"));
}

TEST_P(NatDns, AHostOfADynamicRuleHasTheNameOfTheAddressThatItHasNow) {
    const auto net = with_rules(std::string(fixed_rule) + "," + dynamic_rule);
    net->router.knows("lan", "10.0.0.70", mac("02:00:00:00:00:70"));
    const Bytes of_nobody = asked_for("64.113.0.203.in-addr.arpa");
    EXPECT_EQ(asked(*net, of_nobody), of_nobody);
    const std::string external =
        source_of(only(net->router.receives("lan", ipv4().from("10.0.0.70").udp(5000, 99))));
    const std::string its = external.substr(external.rfind('.') + 1) + ".113.0.203.in-addr.arpa";
    EXPECT_EQ(asked(*net, asked_for(its)), asked_for("70.0.0.10.in-addr.arpa"));
    EXPECT_EQ(answered(*net, answered_for("70.0.0.10.in-addr.arpa", "host.example")),
              answered_for(its, "host.example"));
}

TEST_P(NatDns, NamesThatOnlyLookLikeThoseOfAddressesStay) {
    const auto net = with_rules(fixed_rule);
    for (const std::string name :
         {"113.0.203.in-addr.arpa", "x.74.113.0.203.in-addr.arpa",
          "74.113.0.203.in-addr.arpa.example", "74.113.0.203.in-addr.net",
          "074a.113.0.203.in-addr.arpa", "4294967370.113.0.203.in-addr.arpa",
          "330.113.0.203.in-addr.arpa", "74.113.0.203.in\raddr.arpa", "example", ""}) {
        EXPECT_EQ(asked(*net, asked_for(name)), asked_for(name)) << name;
    }
}

// Where its end is cut off or its bytes are others, a message is read no further than it goes.
TEST_P(NatDns, AnAnswerWithNamesMayBeCutAndSpoiltAnywhere) {
    const auto net = with_rules(fixed_rule);
    const Bytes whole = answered_for("10.0.0.10.in-addr.arpa", "11.0.0.10.in-addr.arpa");
    asked(*net, asked_for("74.113.0.203.in-addr.arpa"));
    for (size_t length = 0; length < whole.size(); ++length) {
        const Bytes message(whole.begin(), whole.begin() + static_cast<long>(length));
        ASSERT_EQ(answered(*net, message), message) << length;
    }
    for (size_t at = 0; at < whole.size(); ++at) {
        for (const uint8_t byte : {0x00, 0x01, 0x3f, 0x40, 0xc0, 0xff}) {
            Bytes message = whole;
            message[at] = byte;
            ASSERT_LT(answered(*net, message).size(), whole.size() + 64) << at;
        }
    }
}

TEST_P(NatDns, PointersThatLeadNowhereOrOnLeaveAMessageAsItIs) {
    const auto net = with_rules(fixed_rule);
    asked(*net, asked_for("74.113.0.203.in-addr.arpa"));
    for (const size_t to : {12u, 14u, 200u}) {  // itself, forward, outside
        const Bytes message = DnsMessage(0x81, 0, 0).pointer(to).raw({0, 12, 0, 1});
        EXPECT_EQ(answered(*net, message), message);
    }
}

TEST_P(NatDns, AnAnswerNamesAHostByItsStaticAddressOutside) {
    REQUIREMENT("RFC 2694 4.1", "Answers to queries from outside name the external address");
    const auto net = with_rules(fixed_rule);
    for (const size_t name_bytes : {3, 4}) {  // addresses at odd places and at even ones
        const Answer inside_says{{address("10.0.0.10"), address("192.0.2.9")},
                                 {record(2, {0xc0, 12})},
                                 {address("10.0.0.11"), record(28, Bytes(16, 10))},
                                 0x81,
                                 name_bytes};
        const Answer outside_hears{{address("203.0.113.74"), address("192.0.2.9")},
                                   {record(2, {0xc0, 12})},
                                   {address("203.0.113.75"), record(28, Bytes(16, 10))},
                                   0x81,
                                   name_bytes};
        EXPECT_EQ(told(*net, inside_says.build()), outside_hears.build());
        EXPECT_EQ(told(*net, inside_says.build(), "203.0.113.73", false), outside_hears.build());
    }
}

TEST_P(NatDns, WithoutTheKeyAnswersStayWhatTheyAre) {
    const auto net = with_rules(R"({"type": "static", "in": "wan", "out": "wan",
        "external": "203.0.113.72/29", "internal": "10.0.0.8/29"})");
    const Bytes message = Answer{{address("10.0.0.10")}, {}, {}}.build();
    EXPECT_EQ(told(*net, message), message);
}

TEST_P(NatDns, AServerBehindAForwardNamesHostsOfOtherRules) {
    const auto net = with_rules(R"({"type": "forward", "in": "wan", "protocol": "udp", "port": 53,
        "to": "10.0.0.9", "alg": ["dns"]}, {"type": "static", "in": "wan", "out": "wan",
        "external": "203.0.113.74", "internal": "10.0.0.10"})");
    EXPECT_EQ(told(*net, Answer{{address("10.0.0.10")}, {}, {}}.build(), outside),
              (Answer{{address("203.0.113.74")}, {}, {}}.build()));
}

TEST_P(NatDns, AHostOfADynamicRuleIsGivenAnAddressWhenItsNameIsAskedFor) {
    REQUIREMENT("RFC 2694 3", "A name that is asked for from outside binds a dynamic address");
    const auto net = with_rules(std::string(fixed_rule) + "," + dynamic_rule);
    net->router.knows("lan", "10.0.0.70", mac("02:00:00:00:00:70"));
    const Bytes message = Answer{{address("10.0.0.70")}, {}, {}}.build();
    Bytes heard = told(*net, message);
    const size_t at = message.size() - 4;
    EXPECT_EQ(word_at(heard, at), 203 << 8);
    EXPECT_TRUE(heard[at + 3] == 64 || heard[at + 3] == 65);
    EXPECT_EQ(
        Bytes(heard.begin() + static_cast<long>(at) - 6, heard.begin() + static_cast<long>(at)),
        (Bytes{0, 0, 0, 0, 0, 4}))
        << "RFC 2694 5: nobody may keep it";
    EXPECT_EQ(told(*net, message), heard) << "the same again";

    const std::string external = "203.0.113." + std::to_string(heard[at + 3]);
    for (const auto& packet : {ipv4().tcp(5000, 80, 2), ipv4().udp(5000, 80)}) {
        EXPECT_EQ(flow_of(only(
                      net->router.receives("wan", Ipv4Builder(packet).from(remote).to(external)))),
                  "lan 192.0.2.1:5000 > 10.0.0.70:80");
    }
    EXPECT_TRUE(
        net->router.receives("wan", ipv4().from("192.0.2.2").to(external).udp(1, 80)).empty())
        << "filtering is address-dependent, and only the client has asked";
}

TEST_P(NatDns, TheDynamicAddressOutlivesTheDataplaneButNotItsTime) {
    const auto net = with_rules(std::string(fixed_rule) + "," + dynamic_rule);
    net->router.knows("lan", "10.0.0.70", mac("02:00:00:00:00:70"));
    const Bytes heard = told(*net, Answer{{address("10.0.0.70")}, {}, {}}.build());
    const std::string external = "203.0.113." + std::to_string(heard.back());
    net->router.restart_nat();
    EXPECT_EQ(
        flow_of(only(net->router.receives("wan", ipv4().from(remote).to(external).udp(1, 80)))),
        "lan 192.0.2.1:1 > 10.0.0.70:80");
    let_pass(*net, 310s);
    EXPECT_TRUE(net->router.receives("wan", ipv4().from(remote).to(external).udp(2, 80)).empty());
}

TEST_P(NatDns, WhereThePoolIsEmptyTheAnswerStays) {
    const auto net = with_rules(std::string(fixed_rule) + "," + dynamic_rule);
    const Bytes heard = told(
        *net,
        Answer{{address("10.0.0.70"), address("10.0.0.71"), address("10.0.0.72")}, {}, {}}.build());
    const Bytes last(heard.end() - 4, heard.end());
    EXPECT_EQ(last, (Bytes{10, 0, 0, 72}));
    EXPECT_EQ(net->router.events().size(), 1U);
}

TEST_P(NatDns, AMessageThatIsCutAnywhereIsReadNoFurther) {
    const auto net = with_rules(fixed_rule);
    const Bytes whole = Answer{{address("10.0.0.10"), address("10.0.0.11")}, {}, {}}.build();
    const size_t second = whole.size() - 16, first = second - 16;
    for (size_t length = 0; length < whole.size(); ++length) {
        const Bytes message(whole.begin(), whole.begin() + static_cast<long>(length));
        Bytes expected = message;
        if (length >= first + 16) {
            expected[first + 12] = 203;
            expected[first + 13] = 0;
            expected[first + 14] = 113;
            expected[first + 15] = 74;
        }
        ASSERT_EQ(told(*net, message), expected) << length;
    }
}

TEST_P(NatDns, AQueryFromInsideAndATruncatedPointerAreLeftAlone) {
    const auto net = with_rules(fixed_rule);
    Answer query{{address("10.0.0.10")}, {}, {}};
    query.flags = 0x01;
    EXPECT_EQ(told(*net, query.build()), query.build());
    Bytes pointer = Answer{{address("10.0.0.10")}, {}, {}}.build();
    pointer[12] = 0x80;  // neither a length nor a pointer
    EXPECT_EQ(told(*net, pointer), pointer);
}

}  // namespace
}  // namespace sluice::test
