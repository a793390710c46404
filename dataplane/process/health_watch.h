// SPDX-License-Identifier: BSD-3-Clause
// Watches the targets of forwards that are probed: who does not answer so many times is dead and
// gets no new session, until it answers so many times. Main thread only.
//
//   alive ── `fall` probes in a row without an answer ──▶ dead
//     ▲                                                     │
//     └──────────── `rise` answers in a row ────────────────┘
#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "dataplane/process/orders.h"
#include "lib/layout/snapshot.h"

namespace sluice {

class HealthWatch {
  public:
    // Whom to watch from now on. Who was watched before keeps his condition; of the others,
    // `was_dead` says it by their place among the targets.
    void follow(const layout::Snapshot& snapshot, const std::function<bool(uint32_t)>& was_dead);

    struct Change {
        layout::EventKind kind;
        net::Ipv4Address address;
        uint16_t port;
        uint16_t rule;
    };
    // What has changed, and the probes that are due now. `heard` says, once, whether a target has
    // answered since it was last asked.
    struct Look {
        std::vector<Change> changes;
        std::vector<Errand> probes;
    };
    Look look(uint64_t now_ns, const std::function<bool(uint32_t)>& heard);

    // Marks the targets that are dead in the snapshot that was followed.
    void mark(layout::Snapshot& snapshot) const;
    // Their places in it.
    std::vector<uint32_t> dead() const;

  private:
    struct Target {
        uint32_t place;  // in the snapshot
        uint16_t rule;   // id
        layout::NatTarget target;
        layout::NatHealth how;
        bool alive = true;
        bool asked = false;
        uint8_t in_a_row = 0;  // probes that speak against its condition
        uint64_t due_ns = 0;
        bool is_same(const Target& other) const noexcept {
            return rule == other.rule && target.address == other.target.address &&
                   target.port == other.target.port && how.probe == other.how.probe;
        }
    };
    bool judge(Target& t, bool answered);

    std::vector<Target> targets_;
};

}  // namespace sluice
