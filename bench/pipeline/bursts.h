// SPDX-License-Identifier: BSD-3-Clause
// What the benchmarks of the pipeline have in common: how they are named and how long they last,
// and what they say of their bursts.
//
// cycles_per_packet is of the median burst: a burst during which the kernel ran something else
// counts a thousand times its own work, and says nothing about it. The mean stands beside it, and
// beside that each stage's share, the median of the bursts that were sampled; so they add up to
// about the whole, and what few bursts take is not among them.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/pipeline/bench_router.h"

namespace sluice::bench {

// So many bursts each instead of as many as take a while: instructions are counted of a run whose
// length is known. Set before anything is registered; 0: no.
inline uint64_t bursts_wished = 0;

// Each file's own; main() calls them.
void register_forwarding();
void register_nat();
void register_plain();
void register_tunnels();
void register_spread();
void register_workers();

inline benchmark::internal::Benchmark* add_benchmark(
    const std::string& name, std::function<void(benchmark::State&)> measure) {
    auto* made = benchmark::RegisterBenchmark(name.c_str(), std::move(measure));
    if (bursts_wished > 0) made->Iterations(static_cast<benchmark::IterationCount>(bursts_wished));
    return made;
}

class Bursts {
  public:
    explicit Bursts(BenchRouter& router);

    // Runs what the router was filled with.
    void run(unsigned count);
    size_t number() const noexcept { return cycles_.size(); }
    uint64_t packets() const noexcept { return packets_; }
    // That the stage had, since this began.
    uint64_t packets_of(layout::Stage stage) const noexcept;
    // An error where a smaller share of the packets went out.
    void report(benchmark::State& state, double least_share = 1);

  private:
    using Cycles = std::vector<uint32_t>;
    struct Stage {
        uint64_t packets_before = 0;
        uint64_t sampled_cycles = 0;  // up to now
        Cycles samples;               // of a whole burst each
    };
    const layout::StageCounters& counters(unsigned stage) const noexcept;
    void note_stages();
    static double median_of(Cycles& cycles);

    BenchRouter& router_;
    std::array<Stage, layout::stage_count> stages_;
    const uint64_t sent_before_;
    Cycles cycles_;
    uint64_t packets_ = 0;
};

}  // namespace sluice::bench
