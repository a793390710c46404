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

#include <fmt/format.h>

#include "bench/pipeline/bench_router.h"
#include "bench/pipeline/bursts.h"

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
        router.pass(static_cast<unsigned>(burst.size()));
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

void established(benchmark::State& state, uint32_t sessions, bool by_zipf) {
    BenchRouter& router = router_with(sessions);
    const std::vector<uint32_t> order = by_zipf ? zipf(sessions) : uniform(sessions);
    std::array<Flow4, burst_size> burst;
    Bursts bursts(router);
    size_t at = 0;
    for (auto _ : state) {
        for (Flow4& f : burst) f = flow_of(order[at++ % order.size()]);
        router.fill_udp(burst.data(), burst_size);
        bursts.run(burst_size);
        if (bursts.number() % bursts_a_tick == 0) router.tick_at_same_second();
    }
    bursts.report(state);
    state.counters["sessions"] = sessions;
}

// Until three quarters of the room are taken. With little room the tables stay in the caches, so
// that what is left is the work. `writers`: whether other workers might be at the tables, too.
void new_flows(benchmark::State& state, uint32_t room, flow::Writers writers) {
    const auto router = router_for(room);
    router->context().nat->shared().set_writers(writers);
    std::array<Flow4, burst_size> burst;
    Bursts bursts(*router);
    uint32_t next = 0;
    for (auto _ : state) {
        for (Flow4& f : burst) f = flow_of(next++);
        router->fill_udp(burst.data(), burst_size);
        bursts.run(burst_size);
        if (bursts.number() % bursts_a_tick == 0) router->tick_at_same_second();
    }
    bursts.report(state);
}

void add_established(uint32_t sessions, bool by_zipf) {
    add_benchmark(fmt::format("pipeline/nat/sessions:{}{}", sessions, by_zipf ? "/zipf" : ""),
                  [=](auto& state) { established(state, sessions, by_zipf); });
}

void add_new_flows(const char* name, uint32_t room, flow::Writers writers) {
    auto* made = add_benchmark(name, [=](auto& state) { new_flows(state, room, writers); });
    const uint32_t most = room / burst_size * 3 / 4;
    if (bursts_wished == 0 || bursts_wished > most) made->Iterations(most);
}

}  // namespace

void register_nat() {
    for (const uint32_t sessions : {1024u, 65'536u, 1u << 20, 1u << 22}) {
        add_established(sessions, false);
        add_established(sessions, true);
    }
    add_new_flows("pipeline/nat/new", 1u << 20, flow::Writers::one);
    add_new_flows("pipeline/nat/new/sessions:65536", 65'536, flow::Writers::one);
    add_new_flows("pipeline/nat/new/several_workers", 1u << 20, flow::Writers::several);
}

}  // namespace sluice::bench
