// SPDX-License-Identifier: BSD-3-Clause
// The FIB with the real table, against DPDK's in the same run.
//
//   fib/lookup/CONTENDER/routes:full/TRAFFIC/burst:N   cycles_per_packet in time-stamp cycles
//   fib/load|change|repair/CONTENDER/routes:full       milliseconds or microseconds
//
// All tables lie on the same size of pages; the context says which. For figures to quote, give
// it 600 hugepages and --benchmark_enable_random_interleaving=true --benchmark_repetitions=9.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include "bench/lib/fib/peers.h"
#include "bench/lib/fib/traffic.h"
#include "lib/fib/reader.h"
#include "lib/fib/writer.h"
#include "test/lib/fib/full_table.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace sluice::fib {
namespace {

constexpr unsigned next_hop_count = 5000;

std::uint64_t time_stamp() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    std::uint64_t ticks;
    asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#endif
}

class MappedTable {
  public:
    explicit MappedTable(bool huge) {
        constexpr int map_flags = MAP_PRIVATE | MAP_ANONYMOUS;
        const int flags = huge ? map_flags | MAP_HUGETLB : map_flags;
        at_ = mmap(nullptr, sizeof(Table), PROT_READ | PROT_WRITE, flags, -1, 0);
        if (at_ == MAP_FAILED) throw std::runtime_error("no memory for a table");
        if (!huge) madvise(at_, sizeof(Table), MADV_NOHUGEPAGE);
    }
    ~MappedTable() { munmap(at_, sizeof(Table)); }
    MappedTable(const MappedTable&) = delete;
    MappedTable& operator=(const MappedTable&) = delete;
    Table& operator*() { return *static_cast<Table*>(at_); }

  private:
    void* at_;
};

struct Bench {
    bool huge = start_eal();
    std::vector<Route> routes = read_full_table(SLUICE_FULL_TABLE, next_hop_count);
    std::vector<Traffic> traffic = draw_traffic(routes);
    MappedTable table{huge};
    Writer writer{*table, Writer::Found::zeroed, [] { return true; }};
};

// Function-local so that everything starts after main does.
Bench& bench() {
    static Bench all;
    return all;
}

std::vector<Change> as_changes(std::span<const Route> routes) {
    std::vector<Change> changes;
    for (const Route& route : routes) changes.push_back({route.prefix, route.next_hop});
    return changes;
}

alignas(64) NextHopId answers[longest_burst];

template <Method method>
void look_up_here(const std::uint32_t* addresses, unsigned n) {
    static const Table& table = *bench().table;
    static const FindBulk find_bulk = find_bulk_by(method);
    find_bulk(table, addresses, answers, n);
}

std::vector<Peer> contenders() {
    const auto answer = [](unsigned i) { return answers[i]; };
    std::vector<Peer> all = {
        {"sluice", [] { return available(best_method()); },
         best_method() == Method::avx512 ? look_up_here<Method::avx512>
         : best_method() == Method::avx2 ? look_up_here<Method::avx2>
                                         : look_up_here<Method::scalar>,
         answer},
        {"sluice_avx2", [] { return available(Method::avx2); }, look_up_here<Method::avx2>, answer},
        {"sluice_scalar", [] { return true; }, look_up_here<Method::scalar>, answer},
    };
    for (Peer& peer : load_peers(bench().routes)) all.push_back(std::move(peer));
    return all;
}

void measure_lookup(benchmark::State& state, const Peer& peer, const Traffic& traffic,
                    unsigned burst) {
    if (!peer.select()) return state.SkipWithError("not on this machine");
    std::uint64_t cycles = 0;
    for (auto _ : state) {
        const std::uint64_t start = time_stamp();
        for (std::size_t i = 0; i < destination_count; i += burst) {
            peer.lookup(&traffic.destinations[i], burst);
            benchmark::ClobberMemory();
        }
        cycles += time_stamp() - start;
    }
    const auto packets = static_cast<double>(state.iterations()) * destination_count;
    state.counters["cycles_per_packet"] = static_cast<double>(cycles) / packets;
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(destination_count));
}

// A comparison with a table that answers something else would be worth nothing.
void expect_same_answers(const Peer& peer) {
    if (!peer.select()) return;
    const Table& table = *bench().table;
    for (const Traffic& traffic : bench().traffic)
        for (std::size_t i = 0; i < destination_count; i += longest_burst) {
            peer.lookup(&traffic.destinations[i], longest_burst);
            for (unsigned j = 0; j < longest_burst; ++j)
                if (peer.answer(j) != find(table, traffic.destinations[i + j]))
                    throw std::runtime_error(peer.name + " finds something else");
        }
}

void load(benchmark::State& state) {
    const std::vector<Change> changes = as_changes(bench().routes);
    for (auto _ : state) {
        state.PauseTiming();
        MappedTable table(bench().huge);
        state.ResumeTiming();
        Writer writer(*table, Writer::Found::zeroed);
        writer.apply(changes);
        state.PauseTiming();
        const Writer::Memory memory = writer.memory();
        const auto routes = static_cast<double>(writer.routes().size());
        state.counters["rib_bytes_per_route"] = static_cast<double>(memory.rib_bytes) / routes;
        state.counters["table_bytes_touched"] = static_cast<double>(memory.table_bytes_touched);
        state.ResumeTiming();
    }
}

void repair(benchmark::State& state) {
    for (auto _ : state) {
        Writer writer(*bench().table, Writer::Found::left_behind);
        writer.rebuild(bench().routes);
    }
}

void load_rte_fib(benchmark::State& state) {
    for (auto _ : state) load_rte_fib_once(bench().routes);
}

// Withdraws a random route and adds it again: two changes an iteration.
template <class Apply>
void measure_changes(benchmark::State& state, Apply&& apply) {
    std::mt19937 random(9);
    const std::vector<Route>& routes = bench().routes;
    for (auto _ : state) {
        const Route& route = routes[random() % routes.size()];
        apply(Route{route.prefix, no_route});
        apply(route);
    }
    state.SetItemsProcessed(2 * state.iterations());
}

void change(benchmark::State& state) {
    Writer& writer = bench().writer;
    measure_changes(state, [&](const Route& route) {
        if (route.next_hop == no_route) {
            writer.remove(route.prefix);
        } else {
            writer.set(route.prefix, route.next_hop);
        }
    });
}

void change_peer(benchmark::State& state) { measure_changes(state, change_rte_fib); }

void register_all(const std::vector<Peer>& peers) {
    for (const Peer& peer : peers)
        for (const Traffic& traffic : bench().traffic)
            for (const unsigned burst : {64u, 32u})
                benchmark::RegisterBenchmark(fmt::format("fib/lookup/{}/routes:full/{}/burst:{}",
                                                         peer.name, traffic.name, burst)
                                                 .c_str(),
                                             measure_lookup, peer, traffic, burst);
    using benchmark::RegisterBenchmark;
    RegisterBenchmark("fib/load/sluice/routes:full", load)->Unit(benchmark::kMillisecond);
    RegisterBenchmark("fib/repair/sluice/routes:full", repair)->Unit(benchmark::kMillisecond);
    RegisterBenchmark("fib/load/rte_fib_2b/routes:full", load_rte_fib)
        ->Unit(benchmark::kMillisecond);
    RegisterBenchmark("fib/change/sluice/routes:full", change)->Unit(benchmark::kMicrosecond);
    RegisterBenchmark("fib/change/rte_fib_2b/routes:full", change_peer)
        ->Unit(benchmark::kMicrosecond);
}

void run() {
    bench().writer.apply(as_changes(bench().routes));
    const std::vector<Peer> peers = contenders();
    for (const Peer& peer : peers) expect_same_answers(peer);
    benchmark::AddCustomContext("fib_pages",
                                bench().huge ? "2 MiB, all tables" : "4 KiB, all tables");
    benchmark::AddCustomContext("fib_sluice_method", name(best_method()));
    register_all(peers);
    benchmark::RunSpecifiedBenchmarks();
}

}  // namespace
}  // namespace sluice::fib

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    try {
        sluice::fib::run();
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "fib_bench: %s\n", problem.what());
        return 1;
    }
}
