// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/worker.h"

#include <algorithm>

#include <fmt/format.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_prefetch.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/arp/request.h"
#include "dataplane/igmp/send.h"
#include "dataplane/nd/advertise.h"
#include "dataplane/process/clock.h"
#include "dataplane/stage_clock.h"
#include "dataplane/tunnel/send.h"
#include "lib/layout/quiescence.h"
#include "lib/tsc.h"

namespace sluice {
namespace {

constexpr uint64_t tick_ns = 1'000'000;
// Empty rounds before the first sleep: a few dozen microseconds of polling, so that a steady
// stream of packets is never kept waiting.
constexpr unsigned patience = 300;
// The longer nothing comes, the longer the sleep: the first packet after a silence waits for its
// end, and each sleep costs more (about 20 us in a virtual machine) than looking at the queues.
uint64_t length_of_sleep_ns(uint64_t quiet_ns) noexcept {
    const uint64_t between_bursts = std::clamp<uint64_t>(quiet_ns / 16, 10'000, 400'000);
    const uint64_t when_idle = std::min<uint64_t>(quiet_ns / 1024, 2'000'000);
    return std::max(between_bursts, when_idle);
}
constexpr unsigned rounds_per_yield = 16;

void sleep_ns(uint64_t ns) noexcept {
    const timespec length{0, static_cast<long>(ns)};
    ::nanosleep(&length, nullptr);
}

}  // namespace

Worker::Worker(const Seat& seat, const std::atomic<const Orders*>& orders,
               NeighbourTable& neighbours, icmp::RateLimiter& limiter, PacketPool& pool,
               layout::WorkerBlock& block, layout::TunnelState* tunnels,
               layout::MulticastTable* multicast, std::unique_ptr<nat::Translator> nat)
    : seat_(seat),
      published_(orders),
      block_(block),
      transmitter_(pool, block),
      nat_(std::move(nat)),
      context_{.neighbours = neighbours,
               .limiter = limiter,
               .waiting = waiting_,
               .reassembler = reassembler_,
               .pool = pool,
               .transmitter = transmitter_,
               .counters = block,
               .tunnels = tunnels,
               .multicast = multicast,
               .nat = nat_.get()},
      thread_(&Worker::run, this) {}

Worker::~Worker() {
    ask_to_stop();
    thread_.join();
    waiting_.clear(context_.pool);
    reassembler_.clear(context_.pool);
    if (nat_ != nullptr) nat_->clear(context_.pool);
}

void Worker::settle_in() noexcept {
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(seat_.core, &core);
    ::pthread_setaffinity_np(::pthread_self(), sizeof core, &core);
    ::pthread_setname_np(::pthread_self(), fmt::format("worker-{}", seat_.number).c_str());
    ::prctl(PR_SET_TIMERSLACK, 1);
    rte_thread_register();  // for a packet cache of its own
    block_.core.store(seat_.core, std::memory_order_relaxed);
    block_.thread.store(static_cast<uint32_t>(::syscall(SYS_gettid)), std::memory_order_relaxed);
    clock_step_ = rte_get_tsc_hz() / 100'000;
    context_.next_identification = static_cast<uint16_t>(read_tsc());
}

void Worker::run() noexcept {
    settle_in();
    while (!stop_.load(std::memory_order_relaxed)) {
        const Orders* newest = published_.load(std::memory_order_acquire);
        if (newest != orders_) take(*newest);
        layout::pass_quiescent_state(block_);

        const uint64_t begin = read_tsc();
        look_at_clock(begin);
        const unsigned packets = round();
        count(read_tsc() - begin, packets);
        if (gives_way()) rest(packets);
    }
    rte_thread_unregister();
}

void Worker::take(const Orders& orders) noexcept {
    orders_ = &orders;
    own_ = &orders.workers[seat_.number];
    context_.plan = orders.plan.get();
    context_.routes = orders.routes.get();
    context_.tracer = orders.tracer.get();
    transmitter_.use(own_->transmit);
    log_nat(orders.nat_log.get());
    if (nat_ != nullptr && seat_.number == 0) nat_->take_away(orders.departed_blocks.get());
    clear_sessions(orders.nat_clear);
    join(orders.exchange);
    block_.generation.store(orders.plan->generation, std::memory_order_release);
    follows_.store(orders.number, std::memory_order_release);
    if (seat_.number == 0) run_errands(orders);
}

void Worker::log_nat(NatLogMemory* log) noexcept {
    if (nat_ != nullptr) nat_->log_to(log == nullptr ? nullptr : &log->rings()[seat_.number]);
}

void Worker::clear_sessions(const layout::NatClearRequest& request) noexcept {
    if (request.number <= block_.nat_cleared.load(std::memory_order_relaxed)) return;
    if (nat_ != nullptr) return nat_->clear_sessions(request);
    block_.nat_cleared.store(request.number, std::memory_order_release);  // there are none
}

void Worker::join(handover::Exchange* exchange) noexcept {
    if (exchange == nullptr || spreader_) return;
    context_.spreader = &spreader_.emplace(*exchange, seat_.number);
}

void Worker::run_errands(const Orders& orders) noexcept {
    context_.now_ns = monotonic_ns();
    for (const Errand& e : orders.errands) {
        if (e.kind == Errand::Kind::announce) arp::announce(context_, e.interface, e.address);
        if (e.kind == Errand::Kind::advertise) nd::advertise_to_all(context_, e.interface);
        if (e.kind == Errand::Kind::keepalive) tunnel::send_keepalive(context_, e.interface);
        if (e.kind == Errand::Kind::ask) arp::ask_again(context_, e.interface, e.address);
        if (e.kind == Errand::Kind::query) igmp::send_query(context_, e.interface, e.address);
        if (e.kind == Errand::Kind::left_group) igmp::tell_left(context_, e.address, e.interface);
        if (e.kind == Errand::Kind::probe) nat::send_probe(context_, e.target);
    }
    transmitter_.flush();
}

// The clock is dearer than the counter, and nothing here needs it to the microsecond.
void Worker::look_at_clock(uint64_t tsc) noexcept {
    if (tsc - clock_tsc_ < clock_step_) return;
    clock_tsc_ = tsc;
    context_.now_ns = monotonic_ns();
    if (context_.now_ns < next_tick_ns_) return;
    next_tick_ns_ = context_.now_ns + tick_ns;
    block_.heartbeat_ns.store(context_.now_ns, std::memory_order_relaxed);
    tick(context_);
}

unsigned Worker::round() noexcept {
    unsigned packets = run_handed_over(context_);
    for (const port::RxQueue& queue : own_->receive) packets += serve(queue);
    transmitter_.flush();
    return packets;
}

unsigned Worker::serve(const port::RxQueue& queue) noexcept {
    std::array<rte_mbuf*, burst_size> burst;
    const bool timed = StageClock::is_due(context_);
    const uint64_t begin = timed ? read_tsc() : 0;
    const unsigned n = rte_eth_rx_burst(queue.port, queue.queue, burst.data(), burst_size);
    if (n == 0) return 0;

    layout::StageCounters& stage = block_.stages[static_cast<unsigned>(layout::Stage::receive)];
    stage.packets.add(n);
    if (timed) [[unlikely]] {
        stage.sampled_packets.add(n);
        stage.sampled_cycles.add(read_tsc() - begin);
    }
    for (unsigned i = 0; i < n; ++i) rte_prefetch0(rte_pktmbuf_mtod(burst[i], const void*));
    sluice::run(context_, queue.interface, burst.data(), n);
    return n;
}

void Worker::count(uint64_t cycles, unsigned packets) noexcept {
    if (packets == 0) return block_.idle_cycles.add(cycles);
    block_.busy_cycles.add(cycles);
    block_.busy_packets.add(packets);
}

// One that polls without a pause takes its core for itself. The main thread gets its turns there
// all the same, since it mostly sleeps; of two such workers each would wait milliseconds for the
// other.
bool Worker::gives_way() const noexcept {
    return !orders_->busy_polling || seat_.company == Company::workers;
}

void Worker::rest(unsigned packets) noexcept {
    const bool alone = seat_.company == Company::none;
    if (packets > 0) {
        empty_rounds_ = 0;
        last_packet_ns_ = context_.now_ns;
        if (!alone && context_.bursts % rounds_per_yield == 0) ::sched_yield();
        return;
    }
    ++empty_rounds_;
    if (!alone) ::sched_yield();
    if (orders_->busy_polling || empty_rounds_ < patience) return;
    const uint64_t quiet_ns = context_.now_ns - last_packet_ns_;
    block_.sleeps.add(1);
    sleep(length_of_sleep_ns(quiet_ns));
}

void Worker::sleep(uint64_t ns) noexcept {
    if (!spreader_) return sleep_ns(ns);
    handover::Exchange& exchange = spreader_->exchange();
    exchange.bell(seat_.number).sleep(ns, [&] { return exchange.has_some_for(seat_.number); });
}

}  // namespace sluice
