// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/crew.h"

#include <algorithm>

#include "dataplane/process/clock.h"

namespace sluice {
namespace {

constexpr uint64_t stalled_after_ns = 1'000'000'000;

void sleep_a_little() noexcept {
    const timespec length{0, 20'000};
    ::nanosleep(&length, nullptr);
}

}  // namespace

void Crew::start(std::vector<Seat> seats, std::unique_ptr<Orders> first, PacketPool& pool,
                 nat::Shared* nat) {
    pool_ = &pool;
    seats_ = std::move(seats);
    stalled_.assign(seats_.size(), false);
    publish(std::move(first));
    for (const Seat& seat : seats_) {
        layout::WorkerBlock& block = state_.workers[seat.number];
        block.heartbeat_ns.store(monotonic_ns(), std::memory_order_relaxed);
        auto translator =
            nat == nullptr ? nullptr
                           : std::make_unique<nat::Translator>(*nat, seat.number, size(), &state_);
        workers_.push_back(std::make_unique<Worker>(seat, newest_, neighbours_, limiter_, pool,
                                                    block, state_.tunnels, &state_.multicast,
                                                    std::move(translator)));
    }
}

void Crew::stop() noexcept {
    for (const auto& worker : workers_) worker->ask_to_stop();
    workers_.clear();
    if (exchange_) exchange_->clear(*pool_);
    exchange_.reset();
    seats_.clear();
    in_use_.clear();
    newest_.store(nullptr);
}

// Once there, it stays as long as its workers: packets may lie in it.
void Crew::open_exchange(const Plan& plan) {
    if (exchange_ || seats_.size() < 2 || plan.tunnels == nullptr) return;
    exchange_ = std::make_unique<handover::Exchange>(size());
}

void Crew::publish(std::unique_ptr<Orders> orders) {
    orders->number = ++number_;
    open_exchange(*orders->plan);
    orders->exchange = exchange_.get();
    // What worker 0 had no time to do it does now.
    if (!in_use_.empty() && !workers_.empty() && workers_[0]->follows() < in_use_.back()->number) {
        const auto& missed = in_use_.back()->errands;
        orders->errands.insert(orders->errands.begin(), missed.begin(), missed.end());
    }
    newest_.store(orders.get(), std::memory_order_release);
    in_use_.push_back(std::move(orders));
}

bool Crew::all_follow() noexcept {
    uint64_t oldest = number_;
    for (const auto& worker : workers_) oldest = std::min(oldest, worker->follows());
    while (!in_use_.empty() && in_use_.front()->number < oldest) in_use_.pop_front();
    return oldest == number_;
}

bool Crew::wait_until_all_follow(uint64_t timeout_ns) noexcept {
    const uint64_t until = monotonic_ns() + timeout_ns;
    while (!all_follow()) {
        if (monotonic_ns() > until) return false;
        sleep_a_little();
    }
    return true;
}

void Crew::look_after(uint64_t now_ns) {
    for (const Seat& seat : seats_) {
        const uint64_t beat =
            state_.workers[seat.number].heartbeat_ns.load(std::memory_order_relaxed);
        const bool stalled = now_ns > beat && now_ns - beat > stalled_after_ns;
        if (stalled == stalled_[seat.number]) continue;
        stalled_[seat.number] = stalled;
        report_.worker(
            stalled ? layout::EventKind::worker_stalled : layout::EventKind::worker_recovered,
            seat.number, seat.core);
    }
}

}  // namespace sluice
