// SPDX-License-Identifier: BSD-3-Clause
// What the benchmarks of the pipeline have in common: how they are named and how long they last,
// and what they say of their bursts.
//
// cycles_per_packet is of the median burst: a burst during which the kernel ran something else
// counts a thousand times its own work, and says nothing about it. The mean stands beside it, and
// beside that each stage's share, from the bursts that were sampled: they add up.
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
    void run(unsigned count) {
        cycles_.push_back(static_cast<uint32_t>(router_.run(count)));
        packets_ += count;
    }
    size_t number() const noexcept { return cycles_.size(); }
    uint64_t packets() const noexcept { return packets_; }
    // Of a stage, since this began.
    uint64_t packets_of(layout::Stage stage) const noexcept;
    // An error where a smaller share of the packets went out.
    void report(benchmark::State& state, double least_share = 1);

  private:
    struct Stage {
        uint64_t packets;
        uint64_t sampled_cycles;
    };
    Stage now(layout::Stage stage) const noexcept;
    void report_stages(benchmark::State& state) const;

    BenchRouter& router_;
    std::array<Stage, layout::stage_count> stages_before_;
    const uint32_t bursts_before_;
    const uint64_t sent_before_;
    std::vector<uint32_t> cycles_;
    uint64_t packets_ = 0;
};

}  // namespace sluice::bench
