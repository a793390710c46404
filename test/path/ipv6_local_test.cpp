// SPDX-License-Identifier: BSD-3-Clause
// IPv6 packets to the router itself.
#include "test/path/network6.h"

namespace sluice::test {
namespace {

namespace type = net::icmp6;

class Ipv6Local : public Ipv6Network {
  protected:
    // An echo reply from this address to the host.
    testing::AssertionResult is_reply(const std::vector<Sent>& sent, std::string_view from) {
        const Sent s = only(sent);
        if (!is_icmp6(s.frame, type::echo_reply) || !checksum6_holds(s.frame) ||
            ipv6_of(s.frame).source_address() != ip6(from) ||
            s.frame.ethernet().destination != host) {
            return testing::AssertionFailure() << s.frame.describe();
        }
        return testing::AssertionSuccess();
    }
};

TEST_F(Ipv6Local, EchoIsAnswered) {
    REQUIREMENT("RFC 4443 4.2", "An echo request is answered from the address it was sent to");
    for (const char* own : {"2001:db8:1::1", "2001:db8:ff::2"}) {
        const auto sent = router().receives("lan", ipv6().to(own).echo_request().payload(500));
        EXPECT_TRUE(is_reply(sent, own));
        EXPECT_EQ(payload_of(sent[0].frame).size(), 508u);
        EXPECT_EQ(ipv6_of(sent[0].frame).hop_limit, 64);
    }
}

TEST_F(Ipv6Local, EchoToAGroupIsAnsweredFromASingleAddress) {
    REQUIREMENT("RFC 4443 4.2", "An echo request to a group is answered from a unicast address");
    EXPECT_TRUE(
        is_reply(router().receives("lan", ipv6().to("ff02::1").echo_request()), "2001:db8:1::1"));
    EXPECT_TRUE(
        is_reply(router().receives("lan", ipv6().to("ff02::2").echo_request()), "2001:db8:1::1"));
}

TEST_F(Ipv6Local, AnswersAsARouterOfTheNetwork) {
    REQUIREMENT("RFC 4291 2.6.1", "Every router has the subnet-router anycast address");
    EXPECT_TRUE(is_reply(router().receives("lan", ipv6().to("2001:db8:1::").echo_request()),
                         "2001:db8:1::1"));
}

TEST_F(Ipv6Local, LinkLocalEchoIsAnsweredOnItsLink) {
    router().knows("lan", "fe80::9", host);
    EXPECT_TRUE(is_reply(
        router().receives("lan", ipv6().from("fe80::9").to(link_local("lan")).echo_request()),
        link_local("lan")));
}

TEST_F(Ipv6Local, EchoBehindOptionsIsAnsweredWithoutThem) {
    const Bytes pad{0, 0, 1, 4, 0, 0, 0, 0};
    const auto sent = router().receives(
        "lan", ipv6().to("2001:db8:1::1").echo_request().payload(8).extension(60, pad));
    EXPECT_TRUE(is_reply(sent, "2001:db8:1::1"));
    EXPECT_EQ(payload_of(sent[0].frame).size(), 16u);
}

TEST_F(Ipv6Local, AWrongChecksumIsNotAnswered) {
    REQUIREMENT("RFC 4443 2.3", "The checksum covers the addresses too, and must hold");
    EXPECT_TRUE(router()
                    .receives("lan", ipv6().to("2001:db8:1::1").echo_request().wrong_checksum())
                    .empty());
    EXPECT_TRUE(
        router().receives("lan", ipv6().to("2001:db8:1::1").protocol(58).payload(3)).empty());
    EXPECT_EQ(router().drops(DropReason::icmp_malformed), 2u);
    EXPECT_TRUE(router().receives("lan", ipv6().to("2001:db8:1::1").icmp6(1, 0)).empty());
    EXPECT_EQ(router().drops(DropReason::icmp_not_answered), 1u);
}

TEST_F(Ipv6Local, PortsAndProtocolsThatAreNotThereAreTold) {
    REQUIREMENT("RFC 4443 3.1", "Port unreachable for a port on which nobody listens");
    REQUIREMENT("RFC 8200 4",
                "A next header that is not known is told by Parameter Problem, code 1");
    EXPECT_TRUE(is_error6(router().receives("lan", ipv6().to("2001:db8:1::1").udp(9, 53)),
                          type::unreachable, type::port_unreachable, "2001:db8:1::1",
                          "2001:db8:1::9"));
    const auto sent = router().receives(
        "lan", ipv6().to("2001:db8:1::1").protocol(132).extension(60, {0, 0, 1, 4, 0, 0, 0, 0}));
    EXPECT_TRUE(is_error6(sent, type::parameter_problem, type::unknown_next_header, "2001:db8:1::1",
                          "2001:db8:1::9"));
    EXPECT_EQ(word_of(sent[0].frame), 40u);  // the first byte of the options
    EXPECT_EQ(router().drops(DropReason::protocol_unreachable), 1u);
}

struct Option {
    uint8_t type;
    bool is_told;
};
TEST_F(Ipv6Local, OptionsSayThemselvesWhatBecomesOfWhoDoesNotKnowThem) {
    REQUIREMENT("RFC 8200 4.2", "The highest bits of an option say whether it may be passed over");
    for (const Option& o : {Option{0x45, false}, Option{0x85, true}, Option{0xc5, true}}) {
        const auto sent = router().receives(
            "lan",
            ipv6().to("2001:db8:1::1").echo_request().extension(60, {0, 0, 0, o.type, 0, 1, 1, 0}));
        if (!o.is_told) {
            EXPECT_TRUE(sent.empty());
            continue;
        }
        EXPECT_TRUE(is_error6(sent, type::parameter_problem, type::unknown_option, "2001:db8:1::1",
                              "2001:db8:1::9"));
        EXPECT_EQ(word_of(sent[0].frame), 43u);
    }
    EXPECT_EQ(router().drops(DropReason::ipv6_extension), 3u);
    EXPECT_TRUE(is_reply(
        router().receives(
            "lan",
            ipv6().to("2001:db8:1::1").echo_request().extension(0, {0, 0, 5, 2, 0, 0, 0x1e, 0})),
        "2001:db8:1::1"));
}

TEST_F(Ipv6Local, ARoutingHeaderWithAWayLeftIsRefused) {
    REQUIREMENT("RFC 5095 3", "A routing header of type 0 is not followed");
    REQUIREMENT("RFC 8200 4.4", "A routing header that is not known is told by its type's place");
    const auto sent = router().receives(
        "lan",
        ipv6().to("2001:db8:1::1").echo_request().extension(43, Bytes{0, 2, 0, 1, 0, 0, 0, 0,
                                                                      1, 2, 3, 4, 5, 6, 7, 8,
                                                                      1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_TRUE(is_error6(sent, type::parameter_problem, 0, "2001:db8:1::1", "2001:db8:1::9"));
    EXPECT_EQ(word_of(sent[0].frame), 42u);
}

TEST_F(Ipv6Local, FragmentsAreNotPutTogether) {
    EXPECT_TRUE(
        router()
            .receives(
                "lan",
                ipv6().to("2001:db8:1::1").echo_request().extension(44, {0, 0, 0, 1, 0, 0, 0, 1}))
            .empty());
    EXPECT_EQ(router().drops(DropReason::ipv6_fragment), 1u);
    // One that is whole is none (RFC 6946).
    EXPECT_TRUE(is_reply(
        router().receives(
            "lan",
            ipv6().to("2001:db8:1::1").echo_request().extension(44, {0, 0, 0, 0, 0, 0, 0, 1})),
        "2001:db8:1::1"));
}

TEST_F(Ipv6Local, HeadersThatAreCutShortAreNotRead) {
    for (const Bytes& header : {Bytes{0, 9, 0, 0, 0, 0, 0, 0}, Bytes{0, 0, 0}}) {
        EXPECT_TRUE(
            router()
                .receives("lan",
                          ipv6().to("2001:db8:1::1").protocol(59).payload(0).extension(60, header))
                .empty());
    }
    Ipv6Builder many = ipv6().to("2001:db8:1::1").echo_request();
    for (unsigned n = 0; n < 9; ++n) many.extension(60, {0, 0, 1, 4, 0, 0, 0, 0});
    EXPECT_TRUE(router().receives("lan", many.build()).empty());
    EXPECT_EQ(router().drops(DropReason::ip_header_truncated), 3u);
}

TEST_F(Ipv6Local, WhatCameToAllStationsIsNotForOneAddress) {
    EXPECT_TRUE(
        router()
            .receives("lan", ipv6().to("2001:db8:1::1").to_mac(net::broadcast_mac).echo_request())
            .empty());
    EXPECT_EQ(router().drops(DropReason::link_broadcast), 1u);
}

}  // namespace
}  // namespace sluice::test
