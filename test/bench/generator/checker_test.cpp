// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/checker.h"

#include <gtest/gtest.h>

#include "test/bench/generator/frames.h"

namespace sluice::generator {
namespace {

class CheckerTest : public testing::Test {
  protected:
    explicit CheckerTest(const Expected& expected = {}, const FlowWish& wished = wish(16))
        : flows(wished), checker(expected, flows) {
        checker.begin(run);
    }
    Bytes packet(FlowNumber flow, uint32_t sequence = 0, uint32_t size = 64) {
        return built(flows[flow], signature(flow, sequence), size);
    }
    void check(const Bytes& frame, uint64_t now = 0) {
        const auto length = static_cast<uint32_t>(frame.size());
        checker.check(frame.data(), length, now);
    }
    void expect_only(Fault fault, uint64_t packets) {
        EXPECT_EQ(checker.counts().fault(fault), 1u) << name_of(fault);
        EXPECT_EQ(checker.counts().all_faults(), 1u);
        EXPECT_EQ(checker.counts().packets, packets);
    }
    Flows flows;
    Checker checker;
};

using Checks = CheckerTest;

TEST_F(Checks, FindNothingWrongWithWhatAGoodRouterForwards) {
    for (const uint32_t size : {64u, 594u, 1518u, 9018u}) {
        for (FlowNumber flow = 0; flow < 16; ++flow) check(forwarded(packet(flow, size, size)));
    }
    EXPECT_EQ(checker.counts().packets, 64u);
    EXPECT_EQ(checker.counts().bytes, 16u * (64 + 594 + 1518 + 9018));
    EXPECT_EQ(checker.counts().all_faults(), 0u);
    EXPECT_EQ(checker.counts().foreign, 0u);
}

TEST_F(Checks, FindATtlThatIsNotOneLess) {
    check(packet(1));
    expect_only(Fault::ttl, 1);
}

TEST_F(Checks, FindAFalseChecksumOfTheHeader) {
    Bytes frame = forwarded(packet(1));
    ip_of(frame).ttl -= 1;
    check(frame);
    expect_only(Fault::ip_checksum, 0);
}

TEST_F(Checks, FindAPayloadThatWasChanged) {
    Bytes frame = forwarded(packet(1, 0, 512));
    frame.back() ^= 1;
    check(frame);
    expect_only(Fault::udp_checksum, 0);
}

TEST_F(Checks, FindAMissingChecksumOfUdp) {
    Bytes frame = forwarded(packet(1));
    udp_of(frame).checksum = net::be16(0);
    check(frame);
    expect_only(Fault::udp_checksum, 0);
}

TEST_F(Checks, FindAPacketOfAnotherDestination) {
    check(forwarded(built(flows[2], signature(1))));
    expect_only(Fault::addresses, 1);
}

TEST_F(Checks, FindATranslationWhereThereIsNone) {
    check(translated(packet(1), "192.0.2.1", 5000));
    expect_only(Fault::addresses, 1);
}

TEST_F(Checks, CountAPacketThatCameTwiceOnce) {
    check(forwarded(packet(1, 5)));
    check(forwarded(packet(1, 5)));
    expect_only(Fault::duplicated, 1);
}

TEST_F(Checks, FindPacketsOfAFlowThatOvertookEachOther) {
    check(forwarded(packet(1, 6)));
    check(forwarded(packet(2, 5)));
    check(forwarded(packet(1, 5)));
    expect_only(Fault::out_of_order, 3);
}

TEST_F(Checks, CountWhatIsNotOursAsForeign) {
    check(test::ipv4().to("10.2.0.9").udp(1, 2).payload(40).build());
    check(test::ipv4().to("10.2.0.9").udp(1, 2).build());
    check(Bytes(13));
    check(Bytes(60, 0xff));
    Bytes cut = forwarded(packet(1, 0, 512));
    cut.resize(100);
    check(cut);
    EXPECT_EQ(checker.counts().foreign, 5u);
    EXPECT_EQ(checker.counts().packets, 0u);
    EXPECT_EQ(checker.counts().all_faults(), 0u);
}

TEST_F(Checks, CountPacketsOfARunBeforeAndOfTheOtherDirectionAsForeign) {
    check(built(flows[1], signature(1, 0, 0, Direction::left)));
    checker.begin(run + 1);
    check(forwarded(packet(1)));
    EXPECT_EQ(checker.counts().foreign, 1u);
    EXPECT_EQ(checker.counts().packets, 0u);
}

TEST_F(Checks, CountIcmpErrorsApart) {
    check(test::ipv4().to("10.1.0.2").icmp(net::icmp::unreachable, 0).build());
    check(test::ipv4().to("10.1.0.2").echo_request().build());
    EXPECT_EQ(checker.counts().icmp_errors, 1u);
    EXPECT_EQ(checker.counts().foreign, 1u);
}

TEST_F(Checks, MeasureHowLongAPacketWasOnItsWay) {
    check(forwarded(built(flows[1], signature(1, 0, 1000))), 1100);
    EXPECT_EQ(checker.latency().most(), 100u);
    check(forwarded(built(flows[2], signature(2, 0, 1000))), 990);  // clocks of two cores
    EXPECT_EQ(checker.latency().least(), 0u);
}

TEST_F(Checks, LookAtOtherHopsWhereTheyAreToldTo) {
    Checker through_a_switch({Direction::right, 0, nullptr, nullptr}, flows);
    through_a_switch.begin(run);
    const Bytes frame = packet(1);
    through_a_switch.check(frame.data(), static_cast<uint32_t>(frame.size()), 0);
    EXPECT_EQ(through_a_switch.counts().packets, 1u);
    EXPECT_EQ(through_a_switch.counts().all_faults(), 0u);
}

class RepliesChecks : public CheckerTest {
  protected:
    RepliesChecks() : CheckerTest({Direction::left, 1, nullptr, nullptr}) {}
};

TEST_F(RepliesChecks, ExpectAFlowTurnedRound) {
    check(forwarded(built(flows[1].turned(), signature(1, 0, 0, Direction::left))));
    EXPECT_EQ(checker.counts().packets, 1u);
    EXPECT_EQ(checker.counts().all_faults(), 0u);
    check(forwarded(built(flows[1], signature(1, 1, 0, Direction::left))));
    expect_only(Fault::addresses, 2);
}

class NatChecks : public CheckerTest {
  protected:
    NatChecks()
        : CheckerTest({Direction::right, 1, nullptr, &translations},
                      wish(16, Treatment::translated)) {}
    Translations translations{16};
};

TEST_F(NatChecks, LearnATranslationAndHoldItsFlowToIt) {
    check(translated(packet(1, 0), "192.0.2.1", 5000));
    check(translated(packet(1, 1), "192.0.2.1", 5000));
    EXPECT_EQ(checker.counts().all_faults(), 0u);
    ASSERT_TRUE(translations.known(1));
    EXPECT_EQ(translations[1].port.host(), 5000);
    check(translated(packet(1, 2), "192.0.2.1", 5001));
    expect_only(Fault::translation, 3);
}

TEST_F(NatChecks, FindADestinationThatWasChangedToo) {
    Endpoints elsewhere = flows[1];
    elsewhere.destination = net::be32(1);
    check(translated(built(elsewhere, signature(1)), "192.0.2.1", 5000));
    expect_only(Fault::addresses, 1);
}

TEST_F(NatChecks, LearnAnotherTranslationOnceTheFlowIsAnother) {
    check(translated(packet(1, 0), "192.0.2.1", 5000));
    const Bytes on_the_way = translated(packet(1, 9), "192.0.2.1", 5000);
    flows.renew(1);
    translations.forget(1);
    const auto renewed = [&](uint32_t sequence) {
        return built(flows[1], signature(1, sequence, 0, Direction::right, 1));
    };
    check(on_the_way);
    EXPECT_FALSE(translations.known(1));
    check(translated(renewed(2), "192.0.2.1", 6000));
    check(translated(renewed(3), "192.0.2.1", 6000));
    check(on_the_way);  // of the former flow: counted, though it is behind and came before
    EXPECT_EQ(checker.counts().packets, 5u);
    EXPECT_EQ(checker.counts().all_faults(), 0u);
    EXPECT_EQ(translations[1].port.host(), 6000);
}

// The router's end is 10.2.0.1, ours 10.2.0.2.
const Tunnel tunnel_of_tests{net::Protocol::gre, test::ip("10.2.0.2"), test::ip("10.2.0.1"), 7};
const Tunnels one_tunnel{tunnel_of_tests};

class TunnelChecks : public CheckerTest {
  protected:
    explicit TunnelChecks(const Expected& expected = {Direction::right, 1, &one_tunnel, nullptr},
                          const FlowWish& wished = wish(16, Treatment::tunnelled))
        : CheckerTest(expected, wished) {}
    // As the router sends it: from its own end.
    Bytes sent_by_router(Tunnel t, FlowNumber flow, uint32_t sequence = 0) {
        std::swap(t.own, t.router);
        const Tunnels turned{t};
        Bytes frame = built(flows[flow], signature(flow, sequence), 64, &turned);
        net::age(ip_of(frame, ethernet_length + t.overhead()));
        return frame;
    }
};

TEST_F(TunnelChecks, LookInside) {
    check(sent_by_router(tunnel_of_tests, 1));
    EXPECT_EQ(checker.counts().packets, 1u);
    EXPECT_EQ(checker.counts().all_faults(), 0u);
}

TEST_F(TunnelChecks, FindAnotherKey) {
    Tunnel other = tunnel_of_tests;
    other.key = 8;
    check(sent_by_router(other, 1));
    expect_only(Fault::tunnel, 0);
}

TEST_F(TunnelChecks, FindAnotherSender) {
    Tunnel other = tunnel_of_tests;
    other.router = test::ip("10.2.0.3");
    check(sent_by_router(other, 1));
    expect_only(Fault::tunnel, 0);
}

TEST_F(TunnelChecks, FindAPacketThatCameOutsideOfIt) {
    check(forwarded(packet(1)));
    expect_only(Fault::tunnel, 1);
}

TEST_F(TunnelChecks, ReadNoFurtherThanThereIsAFrame) {
    const Bytes whole = sent_by_router(tunnel_of_tests, 1);
    for (size_t length = 0; length < whole.size(); ++length) {
        check(Bytes(whole.begin(), whole.begin() + static_cast<long>(length)));  // ASan looks on
    }
    EXPECT_EQ(checker.counts().packets, 0u);
}

// Four tunnels that share out 10.2.0.0/16, and translated, tunnelled and other flows in turn.
const Tunnels four_tunnels{tunnel_of_tests, 4, *net::parse_prefix("10.2.0.0/16")};

class MixedChecks : public TunnelChecks {
  protected:
    MixedChecks()
        : TunnelChecks({Direction::right, 1, &four_tunnels, &translations},
                       {15,
                        {group(Treatment::none), group(Treatment::translated, "10.3.0.0/24"),
                         group(Treatment::tunnelled)},
                        Draw::in_route,
                        1}) {}
    Bytes by_tunnel(FlowNumber flow, uint32_t number, uint32_t sequence = 0) {
        Tunnel t = tunnel_of_tests;
        t.own.value += number;
        return sent_by_router(t, flow, sequence);
    }
    uint32_t tunnel_of(FlowNumber flow) const { return four_tunnels.of(flows[flow].destination); }
    std::vector<FlowNumber> all(Treatment treatment) const {
        std::vector<FlowNumber> numbers;
        for (FlowNumber n = 0; n < flows.count(); ++n) {
            if (flows.treatment(n) == treatment) numbers.push_back(n);
        }
        return numbers;
    }
    const FlowNumber plain = all(Treatment::none)[0];
    const FlowNumber tunnelled = all(Treatment::tunnelled)[0];
    Translations translations{15};
};

TEST_F(MixedChecks, ExpectOfEachFlowWhatTheRouterHasToDoWithIt) {
    for (const FlowNumber n : all(Treatment::none)) check(forwarded(packet(n)));
    for (const FlowNumber n : all(Treatment::tunnelled)) check(by_tunnel(n, tunnel_of(n)));
    for (const FlowNumber n : all(Treatment::translated)) {
        check(translated(packet(n), "192.0.2.1", 5000));
    }
    EXPECT_EQ(checker.counts().packets, 15u);
    EXPECT_EQ(checker.counts().all_faults(), 0u);
    EXPECT_EQ(translations.known_count(), 5u);
}

TEST_F(MixedChecks, FindATranslationOfAFlowThatIsToHaveNone) {
    check(translated(packet(plain), "192.0.2.1", 5000));
    expect_only(Fault::addresses, 1);
}

TEST_F(MixedChecks, FindAPacketThatCameByAnotherTunnel) {
    check(by_tunnel(tunnelled, tunnel_of(tunnelled) ^ 1));
    expect_only(Fault::tunnel, 1);
}

TEST_F(MixedChecks, FindAPacketInATunnelThatWasToComeOutside) {
    check(by_tunnel(plain, 0));
    expect_only(Fault::tunnel, 1);
}

TEST_F(MixedChecks, FindATunnelBehindTheLast) {
    check(by_tunnel(tunnelled, 4));
    expect_only(Fault::tunnel, 0);
}

}  // namespace
}  // namespace sluice::generator
