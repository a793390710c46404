// SPDX-License-Identifier: BSD-3-Clause
#include "bench/pipeline/bursts.h"

#include <algorithm>
#include <numeric>

#include "dataplane/stage_clock.h"

namespace sluice::bench {
namespace {

// Of the bursts before number `end`.
constexpr uint32_t sampled_before(uint32_t end) {
    return (end + StageClock::sample_every - 1) / StageClock::sample_every;
}

constexpr layout::Stage stage_number(unsigned n) { return static_cast<layout::Stage>(n); }

}  // namespace

Bursts::Bursts(BenchRouter& router)
    : router_(router), bursts_before_(router.context().bursts), sent_before_(router.sink().sent()) {
    for (unsigned s = 0; s < layout::stage_count; ++s) stages_before_[s] = now(stage_number(s));
}

Bursts::Stage Bursts::now(layout::Stage stage) const noexcept {
    const layout::StageCounters& s = router_.context().stage(stage);
    return {s.packets.get(), s.sampled_cycles.get()};
}

uint64_t Bursts::packets_of(layout::Stage stage) const noexcept {
    return now(stage).packets - stages_before_[static_cast<unsigned>(stage)].packets;
}

void Bursts::report(benchmark::State& state, double least_share) {
    const double burst = static_cast<double>(packets_) / static_cast<double>(number());
    const auto median = cycles_.begin() + static_cast<std::ptrdiff_t>(number() / 2);
    std::nth_element(cycles_.begin(), median, cycles_.end());
    const double sum = std::accumulate(cycles_.begin(), cycles_.end(), 0.0);
    state.counters["cycles_per_packet"] = *median / burst;
    state.counters["mean_cycles_per_packet"] = sum / static_cast<double>(packets_);
    report_stages(state);
    state.SetItemsProcessed(static_cast<int64_t>(packets_));
    state.SetLabel(HugeMemory::kind());
    const auto least = static_cast<uint64_t>(least_share * static_cast<double>(packets_));
    if (router_.sink().sent() - sent_before_ < least) state.SkipWithError("packets were lost");
}

void Bursts::report_stages(benchmark::State& state) const {
    const uint32_t sampled =
        sampled_before(router_.context().bursts) - sampled_before(bursts_before_);
    if (sampled == 0) return;
    const double packets = static_cast<double>(sampled) * static_cast<double>(packets_) /
                           static_cast<double>(number());
    for (unsigned s = 0; s < layout::stage_count; ++s) {
        const uint64_t cycles =
            now(stage_number(s)).sampled_cycles - stages_before_[s].sampled_cycles;
        if (cycles == 0) continue;
        const std::string name = "stage:" + std::string(layout::stage_texts[s].name);
        state.counters[name] = static_cast<double>(cycles) / packets;
    }
}

}  // namespace sluice::bench
