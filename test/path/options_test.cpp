// SPDX-License-Identifier: BSD-3-Clause
#include "lib/net/checksum.h"
#include "test/path/network.h"

namespace sluice::test {
namespace {

constexpr uint8_t record_route = 7, timestamp = 68, loose = 131, strict = 137;

class Options : public ::testing::Test {
  protected:
    // The options of the one packet that was forwarded.
    Bytes forwarded(const Bytes& options) {
        const Sent sent = only(net.router.receives("lan", ipv4().options(options)));
        EXPECT_TRUE(sent.frame.checksums_hold());
        return options_of_frame(sent.frame);
    }
    static Bytes options_of_frame(const Frame& f) {
        return Bytes(f.bytes().begin() + 34, f.bytes().begin() + 14 + f.ipv4().header_length());
    }
    // Expects a parameter problem that points at this byte of the header.
    void expect_problem_at(const Bytes& options, unsigned pointer) {
        const auto sent = net.router.receives("lan", ipv4().options(options));
        EXPECT_TRUE(is_error(sent, 12, 0, "10.0.0.1", "10.0.0.9"));
        EXPECT_EQ(sent[0].frame.icmp().word1.host() >> 8, pointer);
        net.router.waits(1s);
    }
    Network net;
};

TEST_F(Options, ThatAreUnknownPassUnchanged) {
    REQUIREMENT("RFC 1812 5.3.13.1", "Options that are not understood are passed on unchanged");
    const Bytes unknown{0x1e, 6, 1, 2, 3, 4, 0xde, 4, 5, 6, 1, 0};
    EXPECT_EQ(forwarded(unknown), unknown);
}

TEST_F(Options, BehindTheEndOfTheListPassUnchanged) {
    const Bytes ended{1, 0, 0xff, 0x07};
    EXPECT_EQ(forwarded(ended), ended);
}

TEST_F(Options, RecordTheRouteByTheLeavingInterface) {
    REQUIREMENT("RFC 1812 5.3.13.5", "Record route is honoured");
    REQUIREMENT("RFC 1812 4.2.2.2",
                "The address that is put into an option is that of the leaving interface");
    EXPECT_EQ(forwarded({record_route, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
              (Bytes{record_route, 11, 8, 203, 0, 113, 2, 0, 0, 0, 0, 0}));
}

TEST_F(Options, ThatAreFullOfRoutePassUnchanged) {
    const Bytes full{record_route, 7, 8, 9, 9, 9, 9, 0};
    EXPECT_EQ(forwarded(full), full);
}

TEST_F(Options, TakeATimestampAlone) {
    REQUIREMENT("RFC 1812 5.3.13.6", "Timestamps are honoured");
    const Bytes stamped = forwarded({timestamp, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    EXPECT_EQ(stamped[2], 9);
    const uint32_t ms =
        static_cast<uint32_t>(stamped[4]) << 24 | stamped[5] << 16 | stamped[6] << 8 | stamped[7];
    EXPECT_LT(ms, 86'400'000u);
    EXPECT_EQ(Bytes(stamped.begin() + 8, stamped.end()), Bytes(4));
}

TEST_F(Options, TakeATimestampWithTheAddress) {
    const Bytes stamped = forwarded({timestamp, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0});
    EXPECT_EQ(stamped[2], 13);
    EXPECT_EQ(Bytes(stamped.begin() + 4, stamped.begin() + 8), (Bytes{203, 0, 113, 2}));
}

TEST_F(Options, TakeATimestampWhereAnyOwnAddressIsAskedFor) {
    const Bytes ours{timestamp, 12, 5, 3, 172, 16, 0, 1, 0, 0, 0, 0};
    EXPECT_EQ(forwarded(ours)[2], 13);
    const Bytes anothers{timestamp, 12, 5, 3, 172, 16, 0, 2, 0, 0, 0, 0};
    EXPECT_EQ(forwarded(anothers), anothers);
}

TEST_F(Options, CountTimestampsThatFoundNoRoom) {
    const Bytes full{timestamp, 8, 9, 0x20, 1, 2, 3, 4};
    EXPECT_EQ(forwarded(full), (Bytes{timestamp, 8, 9, 0x30, 1, 2, 3, 4}));
}

TEST_F(Options, ThatAreMalformedDrawAParameterProblem) {
    REQUIREMENT("RFC 1812 4.3.3.5",
                "A malformed option draws a parameter problem that points at it");
    expect_problem_at({0x1e, 1, 0, 0}, 20);                      // shorter than itself
    expect_problem_at({1, 0x1e, 4, 0}, 21);                      // past the header
    expect_problem_at({1, 1, 1, 0x1e}, 23);                      // no length at all
    expect_problem_at({record_route, 2, 0, 0}, 21);              // no pointer
    expect_problem_at({record_route, 7, 3, 0, 0, 0, 0, 0}, 22);  // pointer into itself
    expect_problem_at({record_route, 7, 5, 0, 0, 0, 0, 0}, 22);  // room, but not for an address
    expect_problem_at({timestamp, 8, 4, 0, 0, 0, 0, 0}, 22);
    expect_problem_at({timestamp, 8, 5, 1, 0, 0, 0, 0}, 22);
    expect_problem_at({timestamp, 8, 9, 0xf0, 0, 0, 0, 0}, 23);  // nobody can count any more
    EXPECT_EQ(net.router.drops(DropReason::option_malformed), 9u);
}

TEST_F(Options, OfPacketsToTheRouterAreFilledAndGoBackWithTheEcho) {
    REQUIREMENT("RFC 1812 4.3.3.6",
                "Record route and timestamp of an echo request are filled and go "
                "back in the reply");
    const Sent sent = only(net.router.receives(
        "lan", ipv4().to("10.0.0.1").options({record_route, 7, 4, 0, 0, 0, 0}).echo_request()));
    EXPECT_TRUE(sent.frame.is_icmp(0, 0) && sent.frame.checksums_hold());
    EXPECT_EQ(options_of_frame(sent.frame), (Bytes{record_route, 7, 8, 10, 0, 0, 1, 0}));
}

TEST_F(Options, NeverTakeTheFastWayAndNeverHurtIt) {
    std::vector<Bytes> burst;
    for (uint16_t i = 0; i < 64; ++i) {
        burst.push_back(i % 2 ? ipv4().id(i).options({1, 1, 1, 0}).build() : ipv4().id(i).build());
    }
    EXPECT_EQ(net.router.receives("lan", burst).size(), 64u);
    const auto& plain =
        net.router.context().counters.stages[static_cast<unsigned>(layout::Stage::plain)];
    EXPECT_EQ(plain.packets.get(), 32u);
}

class SourceRoute : public Options {
  protected:
    SourceRoute() { net.router.apply(config_of({.lan = R"(, "source_routing": true)"})); }
};

TEST_F(Options, WithASourceRouteAreRefused) {
    REQUIREMENT("RFC 7126 4.3.5, 4.4.5",
                "Source routed packets are dropped unless configured otherwise");
    for (const uint8_t kind : {loose, strict}) {
        EXPECT_TRUE(net.router.receives("lan", ipv4().options({kind, 7, 4, 1, 2, 3, 4})).empty());
    }
    EXPECT_EQ(net.router.drops(DropReason::source_route_refused), 2u);
}

TEST_F(SourceRoute, IsFollowedWhereAllowed) {
    REQUIREMENT("RFC 1812 5.3.13.4", "A source route is followed where that is switched on");
    const Sent sent = only(net.router.receives(
        "lan", ipv4().to("10.0.0.1").options({loose, 11, 4, 192, 0, 2, 1, 192, 0, 2, 2})));
    EXPECT_EQ(sent.interface, "wan");
    EXPECT_EQ(sent.frame.ipv4().destination_address(), ip("192.0.2.1"));
    EXPECT_EQ(options_of_frame(sent.frame), (Bytes{loose, 11, 8, 203, 0, 113, 2, 192, 0, 2, 2, 0}));
    EXPECT_TRUE(sent.frame.checksums_hold());
}

TEST_F(SourceRoute, IsLeftAloneBetweenItsStops) {
    const Bytes route{loose, 7, 4, 192, 0, 2, 9, 0};
    EXPECT_EQ(forwarded(route), route);
}

TEST_F(SourceRoute, IsAMistakeWhereThereAreTwo) {
    REQUIREMENT("RFC 1812 5.2.4.1",
                "A second source route draws a parameter problem that points at it");
    expect_problem_at({loose, 7, 4, 192, 0, 2, 1, strict, 7, 4, 192, 0, 2, 1}, 27);
    expect_problem_at({loose, 7, 8, 192, 0, 2, 1, loose, 7, 8, 192, 0, 2, 1}, 27);
    EXPECT_EQ(net.router.drops(DropReason::option_malformed), 2u);
}

TEST_F(SourceRoute, ThatIsStrictFailsWhereTheNextStopIsNotOnANetworkHere) {
    REQUIREMENT("RFC 1812 5.2.7.1",
                "A strict source route whose next stop is on no network here: "
                "source route failed");
    EXPECT_TRUE(is_error(
        net.router.receives("lan", ipv4().to("10.0.0.1").options({strict, 7, 4, 192, 0, 2, 1})), 3,
        5, "10.0.0.1", "10.0.0.9"));
    EXPECT_TRUE(is_error(
        net.router.receives("lan", ipv4().to("192.0.2.1").options({strict, 7, 4, 192, 0, 2, 1})), 3,
        5, "10.0.0.1", "10.0.0.9"));
    EXPECT_EQ(net.router.drops(DropReason::source_route_failed), 2u);
}

TEST_F(SourceRoute, ThatIsStrictIsFollowedToANeighbour) {
    const Sent sent = only(
        net.router.receives("lan", ipv4().to("10.0.0.1").options({strict, 7, 4, 172, 16, 0, 9})));
    EXPECT_EQ(sent.frame.ipv4().destination_address(), ip("172.16.0.9"));
    EXPECT_EQ(sent.interface, "dmz");
}

TEST_F(SourceRoute, IsNoWayAroundMartians) {
    EXPECT_TRUE(
        net.router.receives("lan", ipv4().to("10.0.0.1").options({loose, 7, 4, 127, 0, 0, 1}))
            .empty());
    EXPECT_EQ(net.router.drops(DropReason::destination_martian), 1u);
}

TEST_F(SourceRoute, ThatEndsHereIsDeliveredHere) {
    const Sent sent = only(net.router.receives(
        "lan", ipv4().to("10.0.0.1").options({loose, 7, 8, 10, 0, 0, 7}).udp(1, 2)));
    EXPECT_TRUE(sent.frame.is_icmp(3, 3));
}

}  // namespace
}  // namespace sluice::test
