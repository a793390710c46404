// SPDX-License-Identifier: BSD-3-Clause
// A worker: a thread that carries packets from its receive queues to the wire, burst by burst.
//
//   take orders ─▶ for each queue: receive, run the pipeline ─▶ flush ─▶ now and then: tick
//        ▲                                                                   │
//        └────────────────── nothing came for a while: sleep a little ◀──────┘
//
// What other workers hand over is one more queue, before all others, which wakes it from its sleep.
//
// Between two rounds it holds nothing of a burst and nothing of the route table, and says so in
// the state memory (`quiescent`); whoever waits for that may reuse what it saw before.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "dataplane/arp/neighbour_table.h"
#include "dataplane/arp/resolve.h"
#include "dataplane/context.h"
#include "dataplane/icmp/error.h"
#include "dataplane/ipv4/reassemble.h"
#include "dataplane/nat/translator.h"
#include "dataplane/pipeline.h"
#include "dataplane/port/queue_transmitter.h"
#include "dataplane/process/orders.h"
#include "dataplane/process/seats.h"
#include "dataplane/tunnel/spread.h"

namespace sluice {

class Worker {
  public:
    // Starts at once. `orders` must hold some. The pool, the limiter and the table outlive it.
    Worker(const Seat& seat, const std::atomic<const Orders*>& orders, NeighbourTable& neighbours,
           icmp::RateLimiter& limiter, PacketPool& pool, layout::WorkerBlock& block,
           layout::TunnelState* tunnels, layout::MulticastTable* multicast = nullptr,
           std::unique_ptr<nat::Translator> nat = nullptr);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    // Ends the thread and gives back the packets that it held.
    ~Worker();

    void ask_to_stop() noexcept { stop_.store(true, std::memory_order_relaxed); }
    const Seat& seat() const noexcept { return seat_; }
    // The number of the orders that it follows; it uses none before those any more.
    uint64_t follows() const noexcept { return follows_.load(std::memory_order_acquire); }

  private:
    void run() noexcept;
    void settle_in() noexcept;
    void take(const Orders& orders) noexcept;
    void log_nat(NatLogMemory* log) noexcept;
    void clear_sessions(const layout::NatClearRequest& request) noexcept;
    void join(handover::Exchange* exchange) noexcept;
    void run_errands(const Orders& orders) noexcept;
    unsigned round() noexcept;
    unsigned serve(const port::RxQueue& queue) noexcept;
    void look_at_clock(uint64_t tsc) noexcept;
    void count(uint64_t cycles, unsigned packets) noexcept;
    bool gives_way() const noexcept;
    void rest(unsigned packets) noexcept;
    void sleep(uint64_t ns) noexcept;

    Seat seat_;
    const std::atomic<const Orders*>& published_;
    layout::WorkerBlock& block_;
    port::QueueTransmitter transmitter_;
    arp::Waiting waiting_;
    ipv4::Reassembler reassembler_;
    std::unique_ptr<nat::Translator> nat_;  // none: the router translates nothing
    std::optional<tunnel::Spreader> spreader_;
    Context context_;

    const Orders* orders_ = nullptr;
    const WorkerOrders* own_ = nullptr;
    uint64_t clock_tsc_ = 0;
    uint64_t clock_step_ = 0;  // of the time-stamp counter, between two looks at the clock
    uint64_t next_tick_ns_ = 0;
    unsigned empty_rounds_ = 0;
    uint64_t last_packet_ns_ = 0;

    std::atomic<uint64_t> follows_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace sluice
