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

TEST(Flows, AreOfEachGroupAlikeAndInNoOrder) {
    const Flows flows({100,
                       {group(Treatment::none, "10.1.0.0/30"),
                        group(Treatment::translated, "10.3.0.0/30", "10.4.0.0/16"),
                        group(Treatment::tunnelled, "10.1.0.0/30", "10.5.0.0/16")}});
    EXPECT_EQ(flows.count_of(Treatment::none), 34u);
    EXPECT_EQ(flows.count_of(Treatment::translated), 33u);
    const auto is_in = [](const char* prefix, net::Be32 address) {
        return net::parse_prefix(prefix)->contains(net::Ipv4Address{address.host()});
    };
    unsigned in_turn = 0;
    for (FlowNumber n = 0; n < flows.count(); ++n) {
        const bool translated = flows.treatment(n) == Treatment::translated;
        const bool tunnelled = flows.treatment(n) == Treatment::tunnelled;
        EXPECT_EQ(is_in("10.3.0.0/30", flows[n].source), translated);
        EXPECT_EQ(is_in("10.4.0.0/16", flows[n].destination), translated);
        EXPECT_EQ(is_in("10.5.0.0/16", flows[n].destination), tunnelled);
        in_turn += n > 2 && flows.treatment(n) == flows.treatment(n - 3);
    }
    EXPECT_LT(in_turn, 60u);
}

TEST(Flows, AreNumberedInNoOrderOfTheirAddresses) {
    const Flows flows(wish(1000, "10.1.0.0/22"));
    unsigned rising = 0;
    for (FlowNumber n = 1; n < flows.count(); ++n) {
        rising += flows[n].source.host() > flows[n - 1].source.host();
    }
    EXPECT_GT(rising, 400u);
    EXPECT_LT(rising, 600u);
}

TEST(Flows, AreScatteredEachToOnePlace) {
    for (const uint32_t count : {1u, 2u, 3u, 10u, 1000u, 65536u}) {
        const Flows flows(wish(count, "10.1.0.0/16"));
        std::set<FlowNumber> met;
        for (uint32_t place = 0; place < count; ++place) met.insert(flows.scattered(place));
        EXPECT_EQ(met.size(), count);
        EXPECT_EQ(*met.rbegin(), count - 1);
    }
    const Flows flows(wish(1000));
    EXPECT_GT(std::max(flows.scattered(1), flows.scattered(2)), 100u) << "neighbours are apart";
}

TEST(Flows, NeedHostsEnough) {
    EXPECT_NO_THROW(Flows(wish(64512, "10.1.0.0/32")));
    EXPECT_THROW(Flows(wish(64513, "10.1.0.0/32")), std::invalid_argument);
    EXPECT_NO_THROW(Flows(wish(64513, "10.1.0.0/31")));
}

TEST(Walk, MeetsEachFlowOnceARound) {
    const Flows flows(wish(1000));
    Walk walk(flows, nullptr);
    for (uint32_t round = 0; round < 3; ++round) {
        std::vector<FlowNumber> met;
        for (unsigned i = 0; i < 1000; ++i) {
            const auto step = walk.next();
            EXPECT_EQ(step->round, round);
            met.push_back(step->flow);
        }
        std::ranges::sort(met);
        EXPECT_EQ(std::unique(met.begin(), met.end()), met.end());
    }
}

TEST(Walk, CanPassOverFlowsThatANatHasTranslatedOrHasNot) {
    const Flows flows(wish(10, Treatment::translated));
    Translations translations(10);
    Walk walk(flows, &translations);
    walk.go(Walk::Over::open);
    EXPECT_FALSE(walk.next());
    translations.agrees(4, {net::be32(1), net::be16(1)});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(walk.next()->flow, 4u);
    walk.go(Walk::Over::unopened);
    for (int i = 0; i < 20; ++i) EXPECT_NE(walk.next()->flow, 4u);
}

TEST(Walk, OpensFlowsInAnotherOrderThanItUsesThem) {
    const Flows flows(wish(1000, Treatment::translated));
    Translations none(1000);
    Walk walk(flows, &none);
    EXPECT_EQ(walk.next()->flow, 0u);
    EXPECT_EQ(walk.next()->flow, 1u);
    walk.go(Walk::Over::unopened);
    std::vector<FlowNumber> opened;
    for (int i = 0; i < 1000; ++i) {
        const auto step = walk.next();
        EXPECT_EQ(step->round, 1u) << "a round of its own, so that no number comes twice";
        opened.push_back(step->flow);
    }
    EXPECT_FALSE(std::ranges::is_sorted(opened));
    walk.go(Walk::Over::all);
    EXPECT_EQ(walk.next()->flow, 0u);
    EXPECT_EQ(walk.next()->round, 3u);
}

TEST(Walk, TakesFlowsThatNobodyTranslatesForOpen) {
    const Flows flows({2, {group(Treatment::none), group(Treatment::translated)}});
    Translations translations(2);
    Walk walk(flows, &translations);
    for (int i = 0; i < 4; ++i) {
        walk.go(Walk::Over::open);
        EXPECT_EQ(flows.treatment(walk.next()->flow), Treatment::none);
        walk.go(Walk::Over::unopened);
        EXPECT_EQ(flows.treatment(walk.next()->flow), Treatment::translated);
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
