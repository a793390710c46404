// SPDX-License-Identifier: BSD-3-Clause
// Plain forwarding: cycles of the pipeline's own work, from received burst to transmit burst,
// without any driver. 64-byte frames, 256 next hops, destinations uniform over the prefixes.
#include <algorithm>
#include <map>
#include <memory>
#include <random>

#include "bench/pipeline/bench_router.h"
#include "bench/pipeline/bursts.h"
#include "test/lib/fib/full_table.h"

namespace sluice::bench {
namespace {

constexpr unsigned next_hops = 256;
// Destinations that martian prefixes of the table cover are dropped.
constexpr double forwardable = 0.99;

std::vector<fib::Route> table_of(size_t routes) {
    if (routes == 1) return {{net::Ipv4Prefix{}, 1}};
    auto full = fib::read_full_table(SLUICE_FULL_TABLE, next_hops);
    if (routes < full.size()) {
        std::shuffle(full.begin(), full.end(), std::mt19937(1));
        full.resize(routes);
    }
    return full;
}

struct Ready {
    explicit Ready(const std::vector<fib::Route>& table) : routes(table.size()) {
        router.add(table);
        std::mt19937 random(7);
        for (uint32_t& to : destinations) {
            const net::Ipv4Prefix p = table[random() % table.size()].prefix;
            to = p.address.value | (static_cast<uint32_t>(random()) & ~p.mask());
            if (routes == 1) to = 0x0b000000 | (to & 0x00ffffff);  // 11/8
        }
    }
    BenchRouter router{next_hops};
    size_t routes;
    std::vector<uint32_t> destinations = std::vector<uint32_t>(1u << 20);
};

// Built once for each table, since loading takes longer than measuring.
Ready& ready_with(size_t routes) {
    static std::map<size_t, std::unique_ptr<Ready>> ready;
    auto& found = ready[routes];
    if (!found) found = std::make_unique<Ready>(table_of(routes));
    return *found;
}

void forward(benchmark::State& state, size_t routes, unsigned burst) {
    auto& [router, table_size, destinations] = ready_with(routes);
    Bursts bursts(router);
    size_t at = 0;
    for (auto _ : state) {
        router.fill(destinations.data() + at, burst);
        at = (at + burst) % (destinations.size() - burst_size);
        bursts.run(burst);
    }
    bursts.report(state, forwardable);
    state.counters["routes"] = static_cast<double>(table_size);
}

void add_forwarding(const char* routes_name, size_t routes) {
    const std::string name = std::string("pipeline/forward/routes:") + routes_name;
    add_benchmark(name, [=](auto& state) { forward(state, routes, burst_size); });
    add_benchmark(name + "/burst:32", [=](auto& state) { forward(state, routes, 32); });
}

}  // namespace

void register_forwarding() {
    add_forwarding("1", 1);
    add_forwarding("1000", 1000);
    add_forwarding("10000", 10'000);
    add_forwarding("100000", 100'000);
    add_forwarding("full", ~size_t{0});
}

}  // namespace sluice::bench
