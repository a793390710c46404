// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/flows.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <tuple>

#include <gtest/gtest.h>

#include "bench/generator/walk.h"
#include "test/bench/generator/frames.h"

namespace sluice::generator {
namespace {

auto inside(const Endpoints& e) { return std::tuple(e.source.host(), e.source_port.host()); }

TEST(Flows, ComeFromTheirHostsAndGoToTheirDestinations) {
    const Flows flows(wish(1000, "10.1.0.0/30", "10.2.0.0/16"));
    std::set<std::tuple<uint32_t, uint16_t>> sources;
    for (FlowNumber n = 0; n < flows.count(); ++n) {
        EXPECT_TRUE(
            net::parse_prefix("10.1.0.0/30")->contains(net::Ipv4Address{flows[n].source.host()}));
        EXPECT_TRUE(net::parse_prefix("10.2.0.0/16")
                        ->contains(net::Ipv4Address{flows[n].destination.host()}));
        sources.insert(inside(flows[n]));
    }
    EXPECT_EQ(sources.size(), 1000u);
}

TEST(Flows, OfAHostStayApartHoweverOftenTheyAreRenewed) {
    Flows flows(wish(1000, "10.1.0.0/31"));
    for (unsigned round = 0; round < 300; ++round) {  // ports come round more than once
        for (FlowNumber n = 0; n < flows.count(); n += 1 + round % 3) flows.renew(n);
        std::set<std::tuple<uint32_t, uint16_t>> sources;
        for (FlowNumber n = 0; n < flows.count(); ++n) {
            EXPECT_GE(flows[n].source_port.host(), 1024);
            sources.insert(inside(flows[n]));
        }
        ASSERT_EQ(sources.size(), 1000u) << round;
    }
}

TEST(Flows, AreOthersAfterBeingRenewed) {
    Flows flows(wish(2));
    const Endpoints before = flows[1], beside = flows[0];
    flows.renew(1);
    EXPECT_NE(inside(flows[1]), inside(before));
    EXPECT_EQ(flows[1].destination, before.destination);
    EXPECT_EQ(flows.generation(1), 1);
    EXPECT_EQ(flows[0], beside);
}

TEST(Flows, AreOfEachGroupInTurn) {
    const Flows flows({100,
                       {group(Treatment::none, "10.1.0.0/30"),
                        group(Treatment::translated, "10.3.0.0/30", "10.4.0.0/16"),
                        group(Treatment::tunnelled, "10.1.0.0/30", "10.5.0.0/16")}});
    EXPECT_EQ(flows.count_of(Treatment::none), 34u);
    EXPECT_EQ(flows.count_of(Treatment::translated), 33u);
    EXPECT_EQ(flows.treatment(98), Treatment::tunnelled);
    EXPECT_TRUE(
        net::parse_prefix("10.3.0.0/30")->contains(net::Ipv4Address{flows[97].source.host()}));
    EXPECT_TRUE(
        net::parse_prefix("10.4.0.0/16")->contains(net::Ipv4Address{flows[97].destination.host()}));
    EXPECT_TRUE(
        net::parse_prefix("10.5.0.0/16")->contains(net::Ipv4Address{flows[98].destination.host()}));
}

TEST(Flows, NeedHostsEnough) {
    EXPECT_NO_THROW(Flows(wish(64512, "10.1.0.0/32")));
    EXPECT_THROW(Flows(wish(64513, "10.1.0.0/32")), std::invalid_argument);
    EXPECT_NO_THROW(Flows(wish(64513, "10.1.0.0/31")));
}

TEST(Walk, MeetsEachFlowOnceARoundAndInNoOrder) {
    const Flows flows(wish(1000));
    Walk walk(flows, nullptr);
    for (uint32_t round = 0; round < 3; ++round) {
        std::vector<FlowNumber> met;
        for (unsigned i = 0; i < 1000; ++i) {
            const auto step = walk.next(Walk::Over::all);
            EXPECT_EQ(step->round, round);
            met.push_back(step->flow);
        }
        EXPECT_FALSE(std::ranges::is_sorted(met));
        std::ranges::sort(met);
        EXPECT_EQ(std::unique(met.begin(), met.end()), met.end());
    }
}

TEST(Walk, CanPassOverFlowsThatANatHasTranslatedOrHasNot) {
    const Flows flows(wish(10, Treatment::translated));
    Translations translations(10);
    Walk walk(flows, &translations);
    EXPECT_FALSE(walk.next(Walk::Over::open));
    translations.agrees(4, {net::be32(1), net::be16(1)});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(walk.next(Walk::Over::open)->flow, 4u);
    for (int i = 0; i < 20; ++i) EXPECT_NE(walk.next(Walk::Over::unopened)->flow, 4u);
}

TEST(Walk, TakesFlowsThatNobodyTranslatesForOpen) {
    const Flows flows({2, {group(Treatment::none), group(Treatment::translated)}});
    Translations translations(2);
    Walk walk(flows, &translations);
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(walk.next(Walk::Over::open)->flow, 0u);
        EXPECT_EQ(walk.next(Walk::Over::unopened)->flow, 1u);
    }
}

TEST(Translations, AreLearntHeldToAndForgotten) {
    Translations translations(2);
    EXPECT_TRUE(translations.agrees(1, {net::be32(1), net::be16(5)}));
    EXPECT_TRUE(translations.agrees(1, {net::be32(1), net::be16(5)}));
    EXPECT_FALSE(translations.agrees(1, {net::be32(1), net::be16(6)}));
    EXPECT_EQ(translations.known_count(), 1u);
    translations.forget(1);
    translations.forget(1);
    EXPECT_EQ(translations.known_count(), 0u);
    EXPECT_TRUE(translations.agrees(1, {net::be32(1), net::be16(6)}));
}

TEST(Translations, AreSharedWhereTheSameEndpointReachesTheSameDestinationTwice) {
    FlowWish to_one_host = wish(3);
    to_one_host.groups[0].destinations = {*net::parse_prefix("10.2.0.9/32")};
    const Flows flows(to_one_host);
    Translations translations(3);
    translations.agrees(0, {net::be32(1), net::be16(5)});
    translations.agrees(1, {net::be32(1), net::be16(6)});
    EXPECT_EQ(count_shared(flows, translations), 0u);
    translations.agrees(2, {net::be32(1), net::be16(5)});
    EXPECT_EQ(count_shared(flows, translations), 1u);
}

}  // namespace
}  // namespace sluice::generator
