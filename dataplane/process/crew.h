// SPDX-License-Identifier: BSD-3-Clause
// The workers together: how many there are, on which cores, and the orders they follow.
// Main thread only.
#pragma once
#include <deque>
#include <memory>
#include <vector>

#include "dataplane/process/orders.h"
#include "dataplane/process/report.h"
#include "dataplane/process/seats.h"
#include "dataplane/process/worker.h"
#include "lib/layout/state.h"

namespace sluice {

class Crew {
  public:
    Crew(layout::State& state, NeighbourTable& neighbours, Report& report) noexcept
        : state_(state), neighbours_(neighbours), report_(report) {}
    ~Crew() { stop(); }

    bool sits(const std::vector<Seat>& seats) const noexcept { return seats == seats_; }
    unsigned size() const noexcept { return static_cast<unsigned>(seats_.size()); }

    // With the first orders at hand; `nat` where there is one. Throws std::system_error.
    void start(std::vector<Seat> seats, std::unique_ptr<Orders> first, PacketPool& pool,
               nat::Shared* nat);
    void stop() noexcept;
    // Workers take the orders before their next round.
    void publish(std::unique_ptr<Orders> orders);
    // Whether all workers follow the newest orders; frees what none follows any more.
    bool all_follow() noexcept;
    // Waits for that; false when a worker does not come around in time.
    bool wait_until_all_follow(uint64_t timeout_ns) noexcept;
    // Names workers that stand still, and those that go on again.
    void look_after(uint64_t now_ns);

  private:
    void open_exchange(const Plan& plan);

    layout::State& state_;
    NeighbourTable& neighbours_;
    Report& report_;
    icmp::RateLimiter limiter_;
    PacketPool* pool_ = nullptr;
    std::vector<Seat> seats_;
    std::unique_ptr<handover::Exchange>
        exchange_;  // from the first tunnel on; outlives the workers
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<bool> stalled_;
    std::atomic<const Orders*> newest_{nullptr};
    std::deque<std::unique_ptr<const Orders>> in_use_;  // the newest last
    uint64_t number_ = 0;
};

}  // namespace sluice
