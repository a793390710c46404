// SPDX-License-Identifier: BSD-3-Clause
// An intent memory, and a control that writes it.
#pragma once
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "control/config/read.h"
#include "control/intent/intent_writer.h"
#include "lib/fib/reader.h"
#include "lib/layout/publish.h"
#include "test/support/frame.h"

namespace sluice::intent {

using layout::NextHopKind;
using test::ip;

inline config::Config read(std::string_view json) {
    auto result = config::read_config(json, "test.json");
    for (const config::Problem& p : result.problems) ADD_FAILURE() << config::to_string(p);
    return result.config.value_or(config::Config{});
}

class IntentMemory : public ::testing::Test {
  protected:
    IntentMemory()
        : memory(*static_cast<layout::Intent*>(
              ::mmap(nullptr, sizeof(layout::Intent), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
        start(true);
    }
    ~IntentMemory() override {
        writer.reset();
        ::munmap(&memory, sizeof memory);
    }

    void start(bool fresh) {
        Workers workers;
        workers.wait_for_plan = [this](uint64_t) {
            if (check_each_snapshot) expect_every_route_to_lead_somewhere();
            return true;
        };
        workers.wait_for_quiescence = [this] { return readers_move_on; };
        writer = std::make_unique<IntentWriter>(memory, fresh, workers);
    }
    // As after a kill: another control finds the memory as this one left it.
    void restart() {
        writer.reset();
        start(false);
    }
    layout::NextHop next_hop_of(std::string_view address) {
        EXPECT_TRUE(layout::copy_published(memory, *snapshot));
        return snapshot->next_hops[fib::find(memory.fib, ip(address).value)];
    }
    // The gateway of an address, as the workers see it.
    std::string gateway_of(std::string_view address) {
        const layout::NextHop hop = next_hop_of(address);
        return hop.kind == NextHopKind::gateway ? net::to_string(net::Ipv4Address{hop.address})
                                                : "";
    }
    void expect_every_route_to_lead_somewhere() {
        ASSERT_TRUE(layout::copy_published(memory, *snapshot));
        std::set<uint16_t> ids;
        for (const fib::Entry entry : memory.fib.tbl24) {
            if (entry < 0x8000) ids.insert(entry);
        }
        ids.erase(0);
        for (const uint16_t id : ids) {
            EXPECT_NE(snapshot->next_hops[id].kind, NextHopKind::none) << "next hop " << id;
        }
    }

    layout::Intent& memory;
    std::unique_ptr<layout::Snapshot> snapshot = std::make_unique<layout::Snapshot>();
    std::unique_ptr<IntentWriter> writer;
    bool check_each_snapshot = false;
    bool readers_move_on = true;
};

}  // namespace sluice::intent
