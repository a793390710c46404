// SPDX-License-Identifier: BSD-3-Clause
#include "control/routes/route_store.h"

#include <map>
#include <memory>
#include <random>

#include <gtest/gtest.h>

namespace sluice::routes {
namespace {

class Store : public ::testing::Test {
  protected:
    static constexpr size_t slots = 256;
    std::unique_ptr<layout::RouteSlot[]> memory = std::make_unique<layout::RouteSlot[]>(slots);
    RouteStore store{std::span(memory.get(), slots)};
};

TEST_F(Store, FindsWhatWasSetAndForgetsWhatWasErased) {
    EXPECT_TRUE(store.set(net::Ipv4Prefix::of({0x0a000000}, 8), 7));
    EXPECT_EQ(store.find(net::Ipv4Prefix::of({0x0a000000}, 8)), 7);
    EXPECT_EQ(store.find(net::Ipv4Prefix::of({0x0a000000}, 9)), std::nullopt);
    EXPECT_TRUE(store.erase(net::Ipv4Prefix::of({0x0a000000}, 8)));
    EXPECT_EQ(store.find(net::Ipv4Prefix::of({0x0a000000}, 8)), std::nullopt);
    EXPECT_FALSE(store.erase(net::Ipv4Prefix::of({0x0a000000}, 8)));
}

TEST_F(Store, KnowsTheDefaultRouteFromAFreeSlot) {
    EXPECT_EQ(store.find(net::Ipv4Prefix{}), std::nullopt);
    EXPECT_TRUE(store.set(net::Ipv4Prefix{}, 1));
    EXPECT_EQ(store.find(net::Ipv4Prefix{}), 1);
}

TEST_F(Store, TakesAsManyRoutesAsItSaysAndNoMore) {
    size_t taken = 0;
    while (store.set(net::Ipv4Prefix::of({static_cast<uint32_t>(taken) << 8}, 24), 1)) ++taken;
    EXPECT_EQ(taken, store.capacity());
    EXPECT_TRUE(store.set(net::Ipv4Prefix::of({0}, 24), 2))
        << "a route that is there can still change";
}

TEST_F(Store, AgreesWithAMapAfterManyChangesAndARestart) {
    std::mt19937 random(1);
    std::map<net::Ipv4Prefix, fib::NextHopId> model;
    for (unsigned i = 0; i < 100'000; ++i) {
        const auto prefix = net::Ipv4Prefix::of({static_cast<uint32_t>(random() % 300) << 16}, 16);
        if (random() % 2 == 0) {
            const auto id = static_cast<fib::NextHopId>(1 + random() % 32767);
            if (store.set(prefix, id)) model[prefix] = id;
        } else {
            EXPECT_EQ(store.erase(prefix), model.erase(prefix) == 1);
        }
        ASSERT_EQ(store.size(), model.size());
    }
    const RouteStore found_again(std::span(memory.get(), slots));
    EXPECT_EQ(found_again.size(), model.size());
    for (const auto& [prefix, id] : model) EXPECT_EQ(found_again.find(prefix), id);
    size_t visited = 0;
    found_again.for_each([&](const fib::Route& route) {
        ++visited;
        EXPECT_EQ(model[route.prefix], route.next_hop);
    });
    EXPECT_EQ(visited, model.size());
}

TEST_F(Store, StaysWithinItsSlotsWhateverTheyHold) {
    std::mt19937_64 random(2);
    for (size_t i = 0; i < slots; ++i) memory[i].store(random());
    RouteStore rubbish(std::span(memory.get(), slots));
    rubbish.for_each([](const fib::Route& route) {
        EXPECT_LE(route.prefix.length, 32);
        EXPECT_LE(route.next_hop, fib::max_next_hop);
    });
    for (uint32_t n = 0; n < 1000; ++n) {
        rubbish.set(net::Ipv4Prefix::of({n << 8}, 24), 1);
        rubbish.erase(net::Ipv4Prefix::of({n << 8}, 24));
    }
}

}  // namespace
}  // namespace sluice::routes
