// SPDX-License-Identifier: BSD-3-Clause
// Translation: cycles of the pipeline's own work for packets of established flows, chosen
// uniformly or by Zipf's law, and for packets that begin flows. UDP, 64-byte frames, one route,
// endpoint-independent mapping to a pool. Time goes on and sessions are looked through for those
// that have expired, as in a router that runs.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <random>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/pipeline/bench_router.h"

namespace sluice::bench {
namespace {

constexpr unsigned bursts_a_tick = 1000;  // about a millisecond at 64 million packets a second

std::string rules_for(uint32_t sessions) {
    return fmt::format(
        R"(, "nat": [{{"name": "bench", "type": "source", "to": "198.18.0.0/25"}}],
             "sessions": {{"max": {}}})",
        sessions);
}

// The n-th flow from inside.
Flow4 flow_of(uint32_t n) {
    return {net::addr(10, 0, 0, 0).value + 256 + n % 60'000, net::addr(11, 0, 0, 1).value,
            static_cast<uint16_t>(1024 + n / 60'000), 53};
}

std::unique_ptr<BenchRouter> router_for(uint32_t room) {
    auto router = std::make_unique<BenchRouter>(1, rules_for(room));
    router->add({{net::Ipv4Prefix{}, 1}});
    return router;
}

void run_flows(BenchRouter& router, uint32_t first, uint32_t count) {
    std::vector<Flow4> burst;
    for (uint32_t n = first; n < first + count; ++n) {
        burst.push_back(flow_of(n));
        if (burst.size() < burst_size && n + 1 < first + count) continue;
        router.fill_udp(burst.data(), static_cast<unsigned>(burst.size()));
        router.run(static_cast<unsigned>(burst.size()));
        burst.clear();
    }
}

BenchRouter& router_with(uint32_t sessions) {
    static std::map<uint32_t, std::unique_ptr<BenchRouter>> ready;
    auto& router = ready[sessions];
    if (!router) {
        ready.clear();  // one large table at a time
        auto made = router_for(sessions);
        run_flows(*made, 0, sessions);
        return *(ready[sessions] = std::move(made));
    }
    return *router;
}

std::vector<uint32_t> uniform(uint32_t sessions) {
    std::mt19937 random(7);
    std::vector<uint32_t> flows(1u << 20);
    for (uint32_t& f : flows) f = random() % sessions;
    return flows;
}

// Zipf's law with exponent 1, by the inverse of its integral.
std::vector<uint32_t> zipf(uint32_t sessions) {
    std::mt19937 random(7);
    std::uniform_real_distribution<double> chance(0, 1);
    std::vector<uint32_t> ranks(sessions);
    std::iota(ranks.begin(), ranks.end(), 0);
    std::shuffle(ranks.begin(), ranks.end(), random);
    std::vector<uint32_t> flows(1u << 20);
    for (uint32_t& f : flows) {
        f = ranks[static_cast<uint32_t>(std::pow(sessions, chance(random))) % sessions];
    }
    return flows;
}

void report(benchmark::State& state, BenchRouter& router, std::vector<uint32_t>& cycles,
            uint64_t packets) {
    const auto median = cycles.begin() + static_cast<std::ptrdiff_t>(cycles.size() / 2);
    std::nth_element(cycles.begin(), median, cycles.end());
    const double sum = std::accumulate(cycles.begin(), cycles.end(), 0.0);
    state.counters["cycles_per_packet"] = *median / static_cast<double>(burst_size);
    state.counters["mean_cycles_per_packet"] = sum / static_cast<double>(packets);
    for (const auto stage : {layout::Stage::classify, layout::Stage::nat, layout::Stage::lookup,
                             layout::Stage::resolve, layout::Stage::rewrite}) {
        const layout::StageCounters& s = router.context().stage(stage);
        state.counters[layout::stage_texts[static_cast<unsigned>(stage)].name.data()] =
            static_cast<double>(s.sampled_cycles.get()) /
            static_cast<double>(std::max<uint64_t>(s.sampled_packets.get(), 1));
    }
    state.SetItemsProcessed(static_cast<int64_t>(packets));
    state.SetLabel(HugeMemory::kind());
}

void established(benchmark::State& state, uint32_t sessions, bool by_zipf) {
    BenchRouter& router = router_with(sessions);
    const std::vector<uint32_t> order = by_zipf ? zipf(sessions) : uniform(sessions);
    std::vector<uint32_t> cycles;
    std::array<Flow4, burst_size> burst;
    uint64_t packets = 0;
    const uint64_t sent = router.sink().sent();
    size_t at = 0;
    for (auto _ : state) {
        for (Flow4& f : burst) f = flow_of(order[at++ % order.size()]);
        router.fill_udp(burst.data(), burst_size);
        cycles.push_back(static_cast<uint32_t>(router.run(burst_size)));
        packets += burst_size;
        if (cycles.size() % bursts_a_tick == 0) router.tick_at_same_second();
    }
    report(state, router, cycles, packets);
    if (router.sink().sent() - sent != packets) state.SkipWithError("packets were lost");
}

// Until three quarters of the room are taken. With little room the tables stay in the caches, so
// that what is left is the work.
void new_flows(benchmark::State& state, uint32_t room) {
    const auto router = router_for(room);
    std::vector<uint32_t> cycles;
    std::array<Flow4, burst_size> burst;
    uint32_t next = 0;
    for (auto _ : state) {
        for (Flow4& f : burst) f = flow_of(next++);
        router->fill_udp(burst.data(), burst_size);
        cycles.push_back(static_cast<uint32_t>(router->run(burst_size)));
        if (cycles.size() % bursts_a_tick == 0) router->tick_at_same_second();
    }
    report(state, *router, cycles, next);
    if (router->sink().sent() != next) state.SkipWithError("packets were lost");
}

const int registered_nat = [] {
    for (const uint32_t sessions : {1024u, 65'536u, 1u << 20, 1u << 22}) {
        for (const bool by_zipf : {false, true}) {
            const std::string name =
                fmt::format("pipeline/nat/sessions:{}{}", sessions, by_zipf ? "/zipf" : "");
            benchmark::RegisterBenchmark(
                name.c_str(), [=](auto& state) { established(state, sessions, by_zipf); });
        }
    }
    for (const auto& [name, room] :
         {std::pair<const char*, uint32_t>{"pipeline/nat/new", 1u << 20},
          std::pair<const char*, uint32_t>{"pipeline/nat/new/sessions:65536", 65'536}}) {
        benchmark::RegisterBenchmark(name, [room = room](auto& state) {
            new_flows(state, room);
        })->Iterations(room / burst_size * 3 / 4);
    }
    return 0;
}();

}  // namespace
}  // namespace sluice::bench
