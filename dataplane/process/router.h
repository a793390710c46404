// SPDX-License-Identifier: BSD-3-Clause
// The main thread's work: brings what is to what the snapshot says should be, and keeps it there
// while links, neighbours and devices change.
//
//   new snapshot ──▶ does it make a plan? ──no──▶ refused; all stays as it was
//                          │ yes
//                          ▼
//   ports that change leave the workers' hands ──▶ are changed ──▶ new plan ──▶ workers
//                                                                    ▲
//   link changed, port failed or came back, next hop died ───────────┘
#pragma once
#include <atomic>
#include <memory>
#include <optional>

#include "dataplane/arp/neighbour_table.h"
#include "dataplane/multicast/keeper.h"
#include "dataplane/port/ports.h"
#include "dataplane/process/advertiser.h"
#include "dataplane/process/announcer.h"
#include "dataplane/process/crew.h"
#include "dataplane/process/intent_reader.h"
#include "dataplane/process/nat_keeper.h"
#include "dataplane/process/next_hop_watch.h"
#include "dataplane/process/report.h"
#include "dataplane/process/seats.h"
#include "dataplane/process/tunnel_watch.h"
#include "lib/layout/state.h"

namespace sluice {

struct RouterSettings {
    std::filesystem::path run_directory;
    std::vector<Core> cores;  // that the process may use
    unsigned main_core = 0;
    bool huge_pages = false;
    uint64_t started_ns = 0;
    shm::WhenForeign when_foreign = shm::WhenForeign::refuse;
};

class Router {
  public:
    // `fresh`: the state memory holds nothing yet.
    Router(const RouterSettings& settings, layout::State& state, bool fresh);
    ~Router();
    // Until told to stop. Throws when the router can not work at all.
    void run(const std::atomic<bool>& stop);

  private:
    void take(const layout::Snapshot& wanted, uint64_t now_ns);
    void forget_replaced(const layout::Snapshot& wanted);
    void make_pools(const layout::DataplaneSettings& settings);
    bool withdraw(port::Interfaces which);
    bool change_ports(port::Interfaces which, uint64_t now_ns);
    void replan(uint64_t now_ns);
    void send(std::vector<Errand> errands);
    std::unique_ptr<Orders> orders(port::Interfaces but, std::vector<Errand> errands) const;

    void each_round(uint64_t now_ns);
    void sweep_neighbours(uint64_t now_ns);
    void each_tenth(uint64_t now_ns);
    void each_second(uint64_t now_ns);
    void settle();
    void watch_next_hops(uint64_t now_ns);
    bool watch_tunnels(uint64_t now_ns);
    std::vector<Errand> watch_groups(uint64_t now_ns);
    void watch_targets(uint64_t now_ns);
    void watch_traces();
    void watch_nat_clear();
    void refuse(uint64_t generation, std::string_view why);
    void write_status();
    void note_readiness(uint64_t now_ns);
    uint64_t busy_packets() const noexcept;

    RouterSettings settings_;
    layout::State& state_;
    Report report_;
    NeighbourTable neighbours_;
    IntentReader intent_;
    std::optional<port::Pools> pools_;
    std::optional<port::BufferPool> own_packets_;
    std::optional<port::Ports> ports_;
    NatKeeper nat_;  // outlives the workers
    Crew crew_;
    NextHopWatch next_hops_;
    Announcer announcer_;
    Advertiser advertiser_;
    TunnelWatch tunnels_;
    multicast::Keeper groups_;

    std::unique_ptr<layout::Snapshot> snapshot_;  // that the plan was made of
    std::shared_ptr<const Plan> plan_;
    std::shared_ptr<trace::Tracer> tracer_;
    layout::NatClearRequest nat_clear_{};
    std::vector<Seat> seats_;
    layout::MainStatus status_{};
    bool unsettled_ = false;  // workers may still use an older plan
    uint64_t lively_until_ns_ = 0;
    uint64_t next_sweep_ns_ = 0;
    uint64_t next_tenth_ns_ = 0;
    uint64_t next_second_ns_ = 0;
    uint64_t seconds_ = 0;
    uint64_t packets_before_ = 0;
    bool forwards_ = false;
};

}  // namespace sluice
