// SPDX-License-Identifier: BSD-3-Clause
// Plain forwarding: cycles of the pipeline's own work, from received burst to transmit burst,
// without any driver. 64-byte frames, 256 next hops, destinations uniform over the prefixes.
//
// cycles_per_packet is of the median burst: a burst during which the kernel ran something else
// counts a thousand times its own work, and says nothing about it. The mean stands beside it.
#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <random>

#include <benchmark/benchmark.h>

#include "bench/pipeline/bench_router.h"
#include "test/lib/fib/full_table.h"

namespace sluice::bench {
namespace {

constexpr unsigned next_hops = 256;

std::vector<fib::Route> table_of(size_t routes) {
    if (routes == 1) return {{net::Ipv4Prefix{}, 1}};
    auto full = fib::read_full_table(SLUICE_FULL_TABLE, next_hops);
    if (routes < full.size()) {
        std::shuffle(full.begin(), full.end(), std::mt19937(1));
        full.resize(routes);
    }
    return full;
}

// Built once for each table, since loading takes longer than measuring.
BenchRouter& router_with(size_t routes, std::vector<uint32_t>*& destinations) {
    struct Ready {
        std::unique_ptr<BenchRouter> router = std::make_unique<BenchRouter>(next_hops);
        std::vector<uint32_t> destinations;
    };
    static std::map<size_t, Ready> ready;
    auto [entry, fresh] = ready.try_emplace(routes);
    if (fresh) {
        const auto table = table_of(routes);
        entry->second.router->add(table);
        std::mt19937 random(7);
        for (unsigned i = 0; i < 1u << 20; ++i) {
            const net::Ipv4Prefix p = table[random() % table.size()].prefix;
            uint32_t address = p.address.value | (static_cast<uint32_t>(random()) & ~p.mask());
            if (routes == 1) address = 0x0b000000 | (address & 0x00ffffff);  // 11/8
            entry->second.destinations.push_back(address);
        }
    }
    destinations = &entry->second.destinations;
    return *entry->second.router;
}

void forward(benchmark::State& state, size_t routes, unsigned burst) {
    std::vector<uint32_t>* destinations = nullptr;
    BenchRouter& router = router_with(routes, destinations);
    std::vector<uint32_t> cycles;
    uint64_t packets = 0;
    size_t at = 0;
    const uint64_t sent = router.sink().sent();
    for (auto _ : state) {
        router.fill(destinations->data() + at, burst);
        at = (at + burst) % (destinations->size() - burst_size);
        cycles.push_back(static_cast<uint32_t>(router.run(burst)));
        packets += burst;
    }
    const auto median = cycles.begin() + static_cast<std::ptrdiff_t>(cycles.size() / 2);
    std::nth_element(cycles.begin(), median, cycles.end());
    const double sum = std::accumulate(cycles.begin(), cycles.end(), 0.0);
    state.counters["cycles_per_packet"] = *median / static_cast<double>(burst);
    state.counters["mean_cycles_per_packet"] = sum / static_cast<double>(packets);
    for (const auto stage : {layout::Stage::classify, layout::Stage::lookup, layout::Stage::resolve,
                             layout::Stage::rewrite}) {
        const layout::StageCounters& s = router.context().stage(stage);
        state.counters[layout::stage_texts[static_cast<unsigned>(stage)].name.data()] =
            static_cast<double>(s.sampled_cycles.get()) /
            static_cast<double>(std::max<uint64_t>(s.sampled_packets.get(), 1));
    }
    state.SetItemsProcessed(static_cast<int64_t>(packets));
    state.SetLabel(HugeMemory::kind());
    // Destinations that martian prefixes of the table cover are dropped; nearly all must go out.
    if (router.sink().sent() - sent < packets * 99 / 100) state.SkipWithError("packets were lost");
}

const int registered_forwarding = [] {
    for (const auto& [name, routes] :
         {std::pair<const char*, size_t>{"1", 1}, {"100000", 100'000}, {"full", 1u << 30}}) {
        const std::string full_name = std::string("pipeline/forward/routes:") + name;
        benchmark::RegisterBenchmark(full_name.c_str(), [routes = routes](auto& state) {
            forward(state, routes, burst_size);
        });
        benchmark::RegisterBenchmark(
            (full_name + "/burst:32").c_str(),
            [routes = routes](auto& state) { forward(state, routes, 32); });
    }
    return 0;
}();

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();
