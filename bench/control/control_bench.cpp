// SPDX-License-Identifier: BSD-3-Clause
// What an operator waits for: a configuration of many routes to be read, and to be brought to the
// memory that the dataplane reads.
#include <memory>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "control/config/read.h"
#include "control/intent/intent_writer.h"

namespace sluice {
namespace {

std::string configuration(int64_t routes) {
    std::string json =
        R"({"interfaces": {"a": {"device": "net_null0", "addresses": ["10.0.0.1/24"]}}, "routes": [)";
    for (int64_t n = 0; n < routes; ++n) {
        json += fmt::format(R"({}{{"prefix": "20.{}.{}.0/24", "via": "10.0.0.2"}})",
                            n > 0 ? ", " : "", n / 256, n % 256);
    }
    return json + "]}";
}

void read(benchmark::State& state) {
    const std::string json = configuration(state.range(0));
    for (auto _ : state) {
        const auto result = config::read_config(json, "bench.json");
        if (!result.config) state.SkipWithError("it was refused");
        benchmark::DoNotOptimize(result);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read)->Name("control/read/routes")->Arg(1)->Arg(1000)->Arg(10'000);

void apply(benchmark::State& state) {
    const auto read = config::read_config(configuration(state.range(0)), "bench.json");
    for (auto _ : state) {
        state.PauseTiming();
        const auto memory = std::make_unique<layout::Intent>();
        intent::IntentWriter writer(*memory, true, intent::Workers{});
        state.ResumeTiming();
        writer.apply(*read.config);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(apply)->Name("control/apply/routes")->Arg(1)->Arg(1000)->Arg(10'000);

}  // namespace
}  // namespace sluice

BENCHMARK_MAIN();
