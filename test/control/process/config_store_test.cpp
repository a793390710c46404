// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/config_store.h"

#include <gtest/gtest.h>

#include "control/process/files.h"
#include "test/control/api/router_memory.h"

namespace sluice::control {
namespace {

using test::ControlRoom;
using test::one_network;
using test::two_networks;

const std::string nonsense = R"({"interfaces": 7})";

TEST(ConfigStore, ReadsTheFileAtAFreshStart) {
    ControlRoom room;
    EXPECT_EQ(room.control().config.running(), two_networks);
}

TEST(ConfigStore, ResumesWhatRanWhereTheFileHoldsNothingNew) {
    ControlRoom room;
    room.control().config.apply(one_network, "other.json", "apply");
    ASSERT_TRUE(room.restart().is_sound());
    EXPECT_EQ(room.control().config.running(), one_network);
}

TEST(ConfigStore, ReadsTheFileWhereItHasChanged) {
    ControlRoom room;
    room.write(one_network);
    ASSERT_TRUE(room.restart().is_sound());
    EXPECT_EQ(room.control().config.running(), one_network);
}

TEST(ConfigStore, ResumesWhatRanWhereTheFileIsWrongOrGone) {
    ControlRoom room;
    room.write(nonsense);
    ASSERT_TRUE(room.restart().is_sound());
    EXPECT_EQ(room.control().config.running(), two_networks);
    std::filesystem::remove(room.file());
    ASSERT_TRUE(room.restart().is_sound());
    EXPECT_EQ(room.control().config.running(), two_networks);
}

TEST(ConfigStore, DoesNotStartWithNothingSound) {
    ControlRoom room;
    room.write(nonsense);
    EXPECT_FALSE(room.start(true).is_sound());
}

TEST(ConfigStore, KeepsRunTimeRoutesAndTheGenerationsOrderAcrossARestart) {
    ControlRoom room;
    room.call("route.change", {{"text", "9.0.0.0/8 via 10.0.0.9"}});
    const uint64_t before = room.control().intent.generation();
    room.restart();
    EXPECT_GT(room.control().intent.generation(), before);
    EXPECT_EQ(room.call("route.lookup", {{"address", "9.1.1.1"}})["result"]["next_hop"]["way"],
              "via 10.0.0.9 dev lan");
}

TEST(ConfigStore, KeepsTheRunningOneWhenAReloadFails) {
    ControlRoom room;
    room.write(nonsense);
    EXPECT_FALSE(room.control().config.reload().is_sound());
    EXPECT_EQ(room.control().config.running(), two_networks);
    room.write(one_network);
    EXPECT_TRUE(room.control().config.reload().is_sound());
    EXPECT_EQ(room.control().config.running(), one_network);
}

void expire(ControlRoom& room) {
    auto marker = config::parse_json(*read_file(room.run() / "unconfirmed.json"));
    marker["deadline_boottime_ns"] = 1;
    replace_file(room.run() / "unconfirmed.json", marker.dump());
}

TEST(ConfigStore, GoesBackUnlessConfirmed) {
    ControlRoom room;
    room.control().config.apply(one_network, "x", "apply", std::chrono::seconds(60));
    room.control().config.tick();
    EXPECT_EQ(room.control().config.running(), one_network);
    ASSERT_TRUE(room.control().config.time_left());
    expire(room);
    room.restart();  // a control that was killed meanwhile goes back too
    room.control().config.tick();
    EXPECT_EQ(room.control().config.running(), two_networks);
    EXPECT_FALSE(room.control().config.time_left());
    room.restart();
    room.control().config.tick();
    EXPECT_EQ(room.control().config.running(), two_networks);
}

TEST(ConfigStore, StaysOnceConfirmed) {
    ControlRoom room;
    room.control().config.apply(one_network, "x", "apply", std::chrono::seconds(60));
    EXPECT_TRUE(room.control().config.confirm());
    EXPECT_FALSE(room.control().config.confirm());
    room.restart();
    room.control().config.tick();
    EXPECT_EQ(room.control().config.running(), one_network);
}

TEST(ConfigStore, GoesBackToWhatWasConfirmedLast) {
    ControlRoom room;
    room.control().config.apply(one_network, "x", "apply", std::chrono::seconds(60));
    room.control().config.apply(R"({"interfaces": {}})", "y", "apply", std::chrono::seconds(60));
    room.control().config.rollback(std::nullopt);
    EXPECT_EQ(room.control().config.running(), two_networks);
}

TEST(ConfigStore, KeepsFiftyInItsHistory) {
    ControlRoom room;
    for (int mtu = 1400; mtu < 1460; ++mtu) {
        std::string text = one_network;
        text.replace(text.find("1400"), 4, std::to_string(mtu));
        room.control().config.apply(text, "x", "apply");
    }
    const auto all = room.control().config.history().list();
    EXPECT_EQ(all.size(), History::kept);
    EXPECT_EQ(all.back().number, 61u);
    EXPECT_EQ(room.control().config.history().text(61), room.control().config.running());
}

TEST(ConfigStore, DoesNotTrustItsOwnFiles) {
    ControlRoom room;
    for (const char* rubbish : {"", "[]", "{\"previous\": 7}", "{\"previous\": \"x\"}", "\xff"}) {
        replace_file(room.run() / "unconfirmed.json", rubbish);
        ASSERT_TRUE(room.restart().is_sound());
        EXPECT_FALSE(room.control().config.time_left());
    }
    replace_file(room.run() / "running.json", "rubbish");
    ASSERT_TRUE(room.restart().is_sound());
    EXPECT_EQ(room.control().config.running(), two_networks);
}

}  // namespace
}  // namespace sluice::control
