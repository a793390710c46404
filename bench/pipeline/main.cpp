// SPDX-License-Identifier: BSD-3-Clause
// pipeline_bench [--bursts=N] and what all programs of Google Benchmark take
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "bench/pipeline/bursts.h"

namespace {

// Takes it out of the arguments; the rest is Google Benchmark's.
void take_bursts(int& count, char** arguments) {
    constexpr const char* name = "--bursts=";
    for (int i = 1; i < count; ++i) {
        if (std::strncmp(arguments[i], name, std::strlen(name)) != 0) continue;
        sluice::bench::bursts_wished = std::strtoull(arguments[i] + std::strlen(name), nullptr, 10);
        std::copy(arguments + i + 1, arguments + count, arguments + i);
        --count;
        return;
    }
}

}  // namespace

int main(int argc, char** argv) {
    take_bursts(argc, argv);
    sluice::bench::register_forwarding();
    sluice::bench::register_nat();
    sluice::bench::register_plain();
    sluice::bench::register_tunnels();
    sluice::bench::register_spread();
    sluice::bench::register_workers();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
