// SPDX-License-Identifier: BSD-3-Clause
// All interfaces' ports, and how they follow what the snapshot asks for.
//
//                      start fails               a second later
//   (wanted) ─ starting ─────────▶ failed ─────────────────────▶ starting
//                 │ starts            ▲ the device goes
//                 ▼                   │
//              down ◀── link ──▶ up ──┘
//
// A port that fails concerns nobody else. Main thread only; what is changed must be out of the
// workers' hands.
#pragma once
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/plan.h"
#include "dataplane/port/port.h"
#include "dataplane/process/orders.h"
#include "dataplane/process/report.h"
#include "dataplane/process/seats.h"
#include "lib/layout/state.h"

namespace sluice::port {

// A bit for each interface.
using Interfaces = uint64_t;
inline constexpr Interfaces all_interfaces = ~Interfaces{0};

class Ports {
  public:
    Ports(layout::State& state, Report& report, Pools& pools) noexcept
        : state_(state), report_(report), pools_(pools) {}

    // Those whose port is not what the snapshot asks for.
    Interfaces to_change(const layout::Snapshot& wanted) const noexcept;
    // Those that need attention for their own sake: failed and worth another try, gone, or asking
    // for a reset.
    Interfaces due(uint64_t now_ns) const noexcept;
    // Those that can not stay as they are once there is more than one pool.
    Interfaces relying_on_one_pool() const noexcept;
    // Makes them what the snapshot asks for.
    void change(Interfaces which, const layout::Snapshot& wanted, unsigned workers,
                uint64_t now_ns);
    void close_all() noexcept;

    // Whether a device has interrupted because of its link.
    bool link_interrupt() noexcept;
    // Looks at all links; true when one has changed.
    bool watch_links();
    // Those whose link was up and went down, each told once.
    Interfaces take_lost_links() noexcept { return std::exchange(lost_links_, 0); }
    void read_counters();
    // Writes down for which snapshot this is the answer.
    void answer(uint64_t generation);

    const std::array<InterfaceFacts, layout::max_ports>& facts() const noexcept { return facts_; }
    const char* name(InterfaceId id) const noexcept { return slots_[id].wish.name; }
    // Queues for each worker, of all ports that run but these.
    std::vector<WorkerOrders> deal_queues(const std::vector<Seat>& seats, Interfaces but) const;

  private:
    struct Slot {
        layout::Interface wish{};
        std::unique_ptr<Port> port;  // none: disabled or failed
        layout::InterfaceCondition condition = layout::InterfaceCondition::none;
        std::string failure;
        uint64_t retry_ns = 0;
        Link link;
        uint32_t link_changes = 0;
    };

    void change_one(InterfaceId id, const layout::Interface& wish, unsigned workers,
                    uint64_t now_ns);
    void bring_up(InterfaceId id, const layout::Interface& wish, unsigned workers);
    void fail(InterfaceId id, std::string why, uint64_t now_ns);
    void note_link(InterfaceId id);
    void write_status(InterfaceId id);

    layout::State& state_;
    Report& report_;
    Pools& pools_;
    std::array<Slot, layout::max_ports> slots_;
    std::array<InterfaceFacts, layout::max_ports> facts_;
    Interfaces lost_links_ = 0;
    uint64_t generation_ = 0;
};

}  // namespace sluice::port
