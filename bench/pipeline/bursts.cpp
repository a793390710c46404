// SPDX-License-Identifier: BSD-3-Clause
#include "bench/pipeline/bursts.h"

#include <algorithm>
#include <numeric>

#include "dataplane/stage_clock.h"

namespace sluice::bench {

Bursts::Bursts(BenchRouter& router) : router_(router), sent_before_(router.sink().sent()) {
    for (unsigned s = 0; s < layout::stage_count; ++s) {
        stages_[s].packets_before = counters(s).packets.get();
        stages_[s].sampled_cycles = counters(s).sampled_cycles.get();
    }
}

const layout::StageCounters& Bursts::counters(unsigned stage) const noexcept {
    return router_.context().stage(static_cast<layout::Stage>(stage));
}

void Bursts::run(unsigned count) {
    const bool is_sampled = StageClock::is_due(router_.context());
    cycles_.push_back(static_cast<uint32_t>(router_.run(count)));
    packets_ += count;
    if (is_sampled) note_stages();
}

void Bursts::note_stages() {
    for (unsigned s = 0; s < layout::stage_count; ++s) {
        const uint64_t cycles = counters(s).sampled_cycles.get();
        stages_[s].samples.push_back(static_cast<uint32_t>(cycles - stages_[s].sampled_cycles));
        stages_[s].sampled_cycles = cycles;
    }
}

uint64_t Bursts::packets_of(layout::Stage stage) const noexcept {
    const auto s = static_cast<unsigned>(stage);
    return counters(s).packets.get() - stages_[s].packets_before;
}

double Bursts::median_of(Cycles& cycles) {
    if (cycles.empty()) return 0;
    const auto median = cycles.begin() + static_cast<std::ptrdiff_t>(cycles.size() / 2);
    std::nth_element(cycles.begin(), median, cycles.end());
    return *median;
}

void Bursts::report(benchmark::State& state, double least_share) {
    const double burst = static_cast<double>(packets_) / static_cast<double>(number());
    const double sum = std::accumulate(cycles_.begin(), cycles_.end(), 0.0);
    state.counters["cycles_per_packet"] = median_of(cycles_) / burst;
    state.counters["mean_cycles_per_packet"] = sum / static_cast<double>(packets_);
    for (unsigned s = 0; s < layout::stage_count; ++s) {
        const double cycles = median_of(stages_[s].samples) / burst;
        const std::string name = "stage:" + std::string(layout::stage_texts[s].name);
        if (cycles > 0) state.counters[name] = cycles;
    }
    state.SetItemsProcessed(static_cast<int64_t>(packets_));
    state.SetLabel(HugeMemory::kind());
    const auto least = static_cast<uint64_t>(least_share * static_cast<double>(packets_));
    if (router_.sink().sent() - sent_before_ < least) state.SkipWithError("packets were lost");
}

}  // namespace sluice::bench
