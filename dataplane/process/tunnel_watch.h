// SPDX-License-Identifier: BSD-3-Clause
// The tunnels, as the main thread looks after them: whether each can carry packets, which changes
// with routes, links, the path's MTU and the other end's answers. A change makes a new plan
// necessary. Main thread only.
#pragma once
#include <array>
#include <optional>
#include <vector>

#include "dataplane/process/orders.h"
#include "dataplane/process/report.h"
#include "dataplane/tunnel/condition.h"

namespace sluice {

class TunnelWatch {
  public:
    TunnelWatch(layout::State& state, Report& report);

    // From now on it is this snapshot's tunnels that are looked at, and those that it has no more.
    void follow(const layout::Snapshot& snapshot);
    // Of the tunnels of the snapshot that is followed; true when one has changed its condition, or
    // came, or went.
    bool look(const layout::Snapshot& snapshot, const fib::Table& routes,
              std::span<const InterfaceFacts> ports, uint64_t now_ns);
    // Writes down for which snapshot this is the answer.
    void answer(const layout::Snapshot& snapshot);
    // Of all interfaces: the ports' own, and those of the tunnels as of the last look.
    std::vector<InterfaceFacts> facts(std::span<const InterfaceFacts> ports) const;
    // Once a second.
    std::vector<Errand> keepalives(const layout::Snapshot& snapshot, uint64_t now_ns) const;

  private:
    struct Seen {
        bool exists = false;
        tunnel::Condition condition;
        std::optional<bool> told_up;
        uint64_t since_ns = 0;
        uint32_t link_changes = 0;
    };
    bool look_at(unsigned place, const layout::Snapshot& snapshot, const fib::Table& routes,
                 std::span<const InterfaceFacts> ports, uint64_t now_ns);
    void begin_anew(unsigned place, const layout::Tunnel& wish);
    void tell(unsigned place, const layout::Snapshot& snapshot);
    void write_status(unsigned place, const layout::Snapshot& snapshot);

    layout::State& state_;
    Report& report_;
    std::vector<Seen> seen_;
    std::vector<unsigned> places_;  // of seen_, that anything is or was at: of 4,096 most are empty
    uint64_t generation_ = 0;
};

}  // namespace sluice
