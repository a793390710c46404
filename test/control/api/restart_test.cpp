// SPDX-License-Identifier: BSD-3-Clause
// What the API says of a dataplane that was killed, and of the next one before it has said
// anything.
#include <cstring>
#include <optional>

#include <gtest/gtest.h>

#include "lib/layout/regions.h"
#include "test/control/api/router_memory.h"

namespace sluice::api {
namespace {

// A dataplane that does nothing but say that it is there.
class Dataplane {
  public:
    explicit Dataplane(const std::filesystem::path& run)
        : region_(shm::Region::own(run, layout::state_layout, shm::WhenForeign::refuse)) {}

    void speak(uint32_t process, layout::InterfaceId interface, const char* name) {
        auto& state = region_.as<layout::State>();
        layout::MainStatus main{};
        main.process = process;
        state.main.sequence.write(state.main.status, main);
        layout::InterfaceStatus lan{};
        lan.condition = layout::InterfaceCondition::up;
        std::strcpy(lan.name, name);
        state.interfaces[interface].sequence.write(state.interfaces[interface].status, lan);
        state.workers[0].interfaces[interface].rx_packets.add(5);
        state.main.generation = 7;
        state.main.heartbeat_ns = control::monotonic_ns();
    }

  private:
    shm::Region region_;
};

class Restart : public ::testing::Test {
  protected:
    ~Restart() override {
        const auto link = room.run() / layout::state_layout.name;
        if (std::filesystem::is_symlink(link)) {
            std::filesystem::remove(std::filesystem::read_symlink(link));
        }
    }
    json dataplane() { return room.call("status.get")["result"]["dataplane"]; }
    json lan() { return room.call("interface.list", {{"name", "lan"}})["result"]["interfaces"][0]; }
    layout::InterfaceId place() { return room.control().intent.interface_id("lan"); }

    test::ControlRoom room;
};

TEST_F(Restart, LeavesTheLastWordOfADataplaneThatIsGone) {
    std::optional<Dataplane>(room.run())->speak(41, place(), "lan");
    EXPECT_FALSE(dataplane()["alive"]);
    EXPECT_FALSE(dataplane()["starting"]);
    EXPECT_EQ(dataplane()["process"], 41);
    EXPECT_EQ(lan()["condition"], "unknown");
}

TEST_F(Restart, NeverTakesTheLastWordOfOneDataplaneForTheNextOnes) {
    std::optional<Dataplane>(room.run())->speak(41, place(), "lan");
    Dataplane next(room.run());
    EXPECT_TRUE(dataplane()["alive"]);
    EXPECT_TRUE(dataplane()["starting"]);
    EXPECT_EQ(dataplane()["process"], 0);
    EXPECT_EQ(dataplane()["generation"], 0);
    EXPECT_EQ(lan()["condition"], "starting");
    EXPECT_TRUE(lan()["got"].is_null());
    EXPECT_FALSE(room.call("config.progress", {{"generation", 7}})["result"]["reached"]);
    EXPECT_TRUE(room.call("worker.list")["result"]["workers"].empty());

    next.speak(42, place(), "lan");
    EXPECT_FALSE(dataplane()["starting"]);
    EXPECT_EQ(dataplane()["process"], 42);
    EXPECT_EQ(dataplane()["generation"], 7);
    EXPECT_EQ(lan()["condition"], "up");
}

TEST_F(Restart, KeepsShowingWhatWasCountedBefore) {
    std::optional<Dataplane>(room.run())->speak(41, place(), "lan");
    const Dataplane next(room.run());
    EXPECT_EQ(lan()["counters"]["rx_packets"], 5);
}

}  // namespace
}  // namespace sluice::api
