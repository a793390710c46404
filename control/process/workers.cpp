// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/workers.h"

#include <chrono>
#include <functional>
#include <thread>

#include "control/state/read.h"
#include "lib/layout/quiescence.h"
#include "lib/log.h"

namespace sluice::control {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds longest_wait{1};
constexpr std::chrono::microseconds pause{50};

enum class Waited { done, too_long, nobody };

Waited wait_until(const state::StateView& view, const std::function<bool()>& done) {
    const auto end = Clock::now() + longest_wait;
    while (!done()) {
        if (!view.dataplane_alive()) return Waited::nobody;
        if (Clock::now() >= end) return Waited::too_long;
        std::this_thread::sleep_for(pause);
    }
    return Waited::done;
}

bool was_refused(const layout::State& state, uint64_t generation) {
    const auto status = state::main_status(state);
    return status && status->refused >= generation;
}

bool wait_for_plan(state::StateView& view, uint64_t generation) {
    view.refresh();
    if (!view.dataplane_alive()) return true;
    const layout::State& state = *view.get();
    bool refused = false;
    const Waited waited = wait_until(view, [&] {
        refused = was_refused(state, generation);
        return refused || all_follow(state, generation);
    });
    if (refused) spdlog::error("event=plan_refused generation={}", generation);
    if (waited == Waited::too_long) {
        spdlog::warn(
            "event=workers_late generation={} msg=\"not every worker has taken the "
            "generation within a second\"",
            generation);
    }
    return waited != Waited::too_long && !refused;
}

bool wait_for_quiescence(state::StateView& view) {
    view.refresh();
    if (!view.dataplane_alive()) return true;
    const layout::State& state = *view.get();
    const layout::GracePeriod grace(state, state::worker_count(state));
    const Waited waited = wait_until(view, [&] { return grace.passed(); });
    if (waited == Waited::too_long) {
        spdlog::warn(
            "event=workers_late msg=\"a worker has not come around within a second; "
            "memory that it may use is kept\"");
    }
    return waited != Waited::too_long;
}

}  // namespace

bool all_follow(const layout::State& state, uint64_t generation) {
    if (state.main.generation.load(std::memory_order_acquire) < generation) return false;
    const uint32_t workers = state::worker_count(state);
    for (uint32_t w = 0; w < workers; ++w) {
        if (state.workers[w].generation.load(std::memory_order_acquire) < generation) return false;
    }
    return true;
}

intent::Workers workers_of(state::StateView& view) {
    return {[&view](uint64_t generation) { return wait_for_plan(view, generation); },
            [&view] { return wait_for_quiescence(view); }};
}

}  // namespace sluice::control
