// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/intent_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/control/intent/memory.h"

namespace sluice::intent {
namespace {

using layout::NextHopKind;
using ::testing::HasSubstr;

constexpr auto two_networks = R"({
  "interfaces": {
    "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] },
    "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"] }
  },
  "routes": [ { "prefix": "0.0.0.0/0", "via": "203.0.113.1" } ]
})";
constexpr auto lan_alone = R"({
  "interfaces": { "lan": { "device": "net_null0", "addresses": ["10.0.0.1/24"] } }
})";

RouteChange add(std::string_view prefix, std::vector<std::string_view> via) {
    RouteChange change;
    change.prefix = *net::parse_prefix(prefix);
    for (const auto v : via) change.via.push_back(ip(v));
    return change;
}
RouteChange withdraw(std::string_view prefix) {
    RouteChange change;
    change.prefix = *net::parse_prefix(prefix);
    change.remove = true;
    return change;
}

using Intent = IntentMemory;

TEST_F(Intent, TurnsAConfigurationIntoRoutes) {
    writer->apply(read(two_networks));
    EXPECT_EQ(gateway_of("192.0.2.1"), "203.0.113.1");
    EXPECT_EQ(next_hop_of("10.0.0.1").kind, NextHopKind::local);
    EXPECT_EQ(next_hop_of("10.0.0.9").kind, NextHopKind::connected);
    EXPECT_EQ(next_hop_of("10.0.0.255").kind, NextHopKind::broadcast);
    EXPECT_EQ(next_hop_of("127.0.0.1").kind, NextHopKind::martian);
    EXPECT_EQ(next_hop_of("224.0.0.1").kind, NextHopKind::multicast);
}

TEST_F(Intent, NeverHasARouteToANextHopThatTheSnapshotLacks) {
    check_each_snapshot = true;
    writer->apply(read(two_networks));
    writer->change_routes(std::vector{add("198.51.100.0/24", {"203.0.113.7", "10.0.0.7"})});
    writer->apply(read(lan_alone));
    writer->apply(read(two_networks));
    expect_every_route_to_lead_somewhere();
}

TEST_F(Intent, KeepsTheRunningConfigurationWhenAnotherDoesNotFit) {
    writer->apply(read(two_networks));
    const uint64_t before = writer->generation();
    config::Config too_many = read(two_networks);
    for (unsigned n = 0; n < layout::max_addresses; ++n) {
        too_many.interfaces[0].addresses.push_back({{0x0b000001u + (n << 8)}, 24});
    }
    EXPECT_THROW(writer->apply(too_many), std::runtime_error);
    EXPECT_EQ(writer->generation(), before);
    EXPECT_EQ(writer->config(), read(two_networks));
    EXPECT_EQ(gateway_of("192.0.2.1"), "203.0.113.1");
}

TEST_F(Intent, FindsRunTimeRoutesAndNeighboursAgainAfterARestart) {
    writer->apply(read(two_networks));
    writer->change_routes(std::vector{add("198.51.100.0/24", {"10.0.0.7"}),
                                      add("192.0.2.0/25", {"10.0.0.7", "203.0.113.7"})});
    writer->set_neighbour({"lan", ip("10.0.0.7"), test::mac("02:00:00:00:00:07")});
    const uint16_t before = fib::find(memory.fib, ip("192.0.2.1").value);
    const uint64_t generation = writer->generation();

    restart();
    EXPECT_EQ(fib::find(memory.fib, ip("192.0.2.1").value), before);
    writer->apply(read(two_networks));
    EXPECT_GT(writer->generation(), generation);
    EXPECT_EQ(fib::find(memory.fib, ip("192.0.2.1").value), before);
    EXPECT_EQ(next_hop_of("192.0.2.1").kind, NextHopKind::group);
    EXPECT_EQ(gateway_of("198.51.100.1"), "10.0.0.7");
    EXPECT_EQ(writer->routes().runtime_count(), 2u);
    ASSERT_EQ(writer->run_time_neighbours().size(), 1u);
    EXPECT_EQ(writer->run_time_neighbours()[0].address, ip("10.0.0.7"));
}

TEST_F(Intent, ForgetsWhatTheConfigurationDroppedWhileControlWasDown) {
    writer->apply(read(two_networks));
    restart();
    writer->apply(read(lan_alone));
    EXPECT_EQ(next_hop_of("192.0.2.1").kind, NextHopKind::none);
    EXPECT_EQ(next_hop_of("203.0.113.9").kind, NextHopKind::none);
    EXPECT_EQ(next_hop_of("10.0.0.9").kind, NextHopKind::connected);
}

TEST_F(Intent, TellsWhichChangesAreWrongAndTakesTheOthers) {
    writer->apply(read(two_networks));
    const auto errors = writer->change_routes(
        std::vector{add("198.51.100.0/24", {"192.0.2.77"}), add("198.51.101.0/24", {"10.0.0.7"}),
                    add("198.51.102.0/24", {"10.0.0.1"}), withdraw("198.51.103.0/24")});
    ASSERT_EQ(errors.size(), 3u);
    EXPECT_EQ(errors[0].index, 0u);
    EXPECT_THAT(errors[0].message, HasSubstr("no interface has a network with 192.0.2.77"));
    EXPECT_EQ(errors[1].index, 2u);
    EXPECT_THAT(errors[1].message, HasSubstr("own address"));
    EXPECT_EQ(errors[2].index, 3u);
    EXPECT_EQ(gateway_of("198.51.101.1"), "10.0.0.7");
}

// One group for each /24 that holds a longer prefix: one more of those than there are groups.
TEST_F(Intent, RefusesABatchThatTheRouteTableHasNoRoomForAndKeepsWhatWasThere) {
    writer->apply(read(two_networks));
    writer->change_routes(std::vector{add("198.51.100.0/24", {"10.0.0.7"})});
    std::vector<RouteChange> too_many{add("198.51.100.0/24", {"10.0.0.8"})};
    for (uint32_t n = 0; n <= fib::group_count; ++n) {
        RouteChange change = add("0.0.0.0/0", {"10.0.0.8"});
        change.prefix = {{0x14000000u + (n << 8)}, 25};
        too_many.push_back(change);
    }
    EXPECT_THROW(writer->change_routes(too_many), std::runtime_error);
    EXPECT_EQ(writer->routes().runtime_count(), 1u);
    EXPECT_EQ(gateway_of("198.51.100.1"), "10.0.0.7");
    EXPECT_EQ(gateway_of("20.0.0.1"), "203.0.113.1");
    EXPECT_TRUE(writer->change_routes(std::vector{withdraw("198.51.100.0/24")}).empty());
    EXPECT_EQ(gateway_of("198.51.100.1"), "203.0.113.1");
}

TEST_F(Intent, GivesAnIdNoOtherMeaningWhileAWorkerMayStillHoldIt) {
    writer->apply(read(two_networks));
    writer->change_routes(std::vector{add("198.51.100.0/24", {"10.0.0.7"})});
    const uint16_t held = fib::find(memory.fib, ip("198.51.100.1").value);
    readers_move_on = false;
    writer->change_routes(std::vector{withdraw("198.51.100.0/24")});
    writer->change_routes(std::vector{add("198.51.101.0/24", {"10.0.0.8"})});
    ASSERT_TRUE(layout::copy_published(memory, *snapshot));
    EXPECT_EQ(snapshot->next_hops[held].address, ip("10.0.0.7").value);

    readers_move_on = true;
    writer->change_routes(std::vector{add("198.51.102.0/24", {"10.0.0.9"})});
    writer->change_routes(std::vector{add("198.51.103.0/24", {"10.0.0.10"})});
    EXPECT_EQ(gateway_of("198.51.103.1"), "10.0.0.10");
    EXPECT_EQ(fib::find(memory.fib, ip("198.51.103.1").value), held) << "free ids are used again";
}

TEST_F(Intent, LetsTheNextSourceTakeOverWhenALinkGoesDown) {
    writer->apply(read(two_networks));
    writer->change_routes(std::vector{add("0.0.0.0/0", {"10.0.0.7"})});
    EXPECT_EQ(gateway_of("192.0.2.1"), "203.0.113.1") << "the configuration comes first";

    std::vector<bool> links(layout::max_interfaces, true);
    links[writer->interface_id("wan")] = false;
    writer->set_links(links);
    EXPECT_EQ(gateway_of("192.0.2.1"), "10.0.0.7");
    links[writer->interface_id("wan")] = true;
    writer->set_links(links);
    EXPECT_EQ(gateway_of("192.0.2.1"), "203.0.113.1");
}

TEST_F(Intent, KeepsAnInterfacesPlaceWhileOthersComeAndGo) {
    writer->apply(read(two_networks));
    const auto wan = writer->interface_id("wan");
    writer->apply(read(R"({"interfaces": {
        "dmz": { "device": "net_null5", "addresses": ["10.5.0.1/24"] },
        "wan": { "device": "net_null1", "addresses": ["203.0.113.2/24"] } }})"));
    EXPECT_EQ(writer->interface_id("wan"), wan);
    EXPECT_NE(writer->interface_id("dmz"), wan);
}

}  // namespace
}  // namespace sluice::intent
