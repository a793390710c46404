// SPDX-License-Identifier: BSD-3-Clause
// Mappings of the NAT while its external addresses are nearly full, one worker.
//
//   nat/acquire/ADDRESSES/FULL     makes a mapping: a free port at random among 64,512 an address
//   nat/release/ADDRESSES/FULL     ends it; the port is free at once
//   nat/join/ADDRESSES/FULL        one more session on a mapping that is there, and its end
//   nat/count/keys:N               one up and one down for a key of a full table
//
// cycles is of the median burst of 32, for each, in time-stamp cycles; the mean stands beside it.
#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include "lib/nat/counts.h"
#include "lib/nat/mapper.h"
#include "lib/nat/private_memory.h"
#include "lib/tsc.h"

namespace sluice::nat {
namespace {

constexpr unsigned burst = 32;
constexpr PortRange ports{1024, 65535};
constexpr uint32_t ports_an_address = ports.last - ports.first + 1;

class Bursts {
  public:
    void add(uint64_t cycles) { cycles_.push_back(static_cast<double>(cycles) / burst); }
    void report(benchmark::State& state) {
        const auto median = cycles_.begin() + static_cast<std::ptrdiff_t>(cycles_.size() / 2);
        std::nth_element(cycles_.begin(), median, cycles_.end());
        state.counters["cycles"] = *median;
        state.counters["mean_cycles"] = std::accumulate(cycles_.begin(), cycles_.end(), 0.0) /
                                        static_cast<double>(cycles_.size());
    }

  private:
    std::vector<double> cycles_;
};

struct World {
    World(uint32_t n, double full)
        : addresses(n),
          memory(Mappings::bytes_for(n)),
          mappings(memory.as<std::byte>(), n, n * ports_an_address),
          mapper(mappings, {}) {
        const auto wanted = static_cast<uint32_t>(full * n * ports_an_address);
        for (uint32_t i = 0; i < wanted; ++i) held.push_back(make());
    }
    struct Held {
        MappingId id;
        Wish wish;
    };
    // Addresses in turn, so that all are equally full.
    Held make() {
        const Endpoint internal{0x0a000000 + (next >> 4), static_cast<uint16_t>(5000 + next % 16)};
        const Wish wish{PortClass::udp, internal, next % addresses, ports};
        const Acquired got = mapper.acquire(wish);
        ++next;
        if (got.got != Got::made) throw std::runtime_error("no mapping was made");
        return {got.id, wish};
    }
    // Brings `burst` of them, one of each address in turn, to the end.
    void choose() {
        for (size_t i = 0; i < burst; ++i) {
            const uint32_t address = (next + static_cast<uint32_t>(i)) % addresses;
            size_t at = random() % (held.size() - burst);
            while (held[at].id.address_index() != address) at = random() % (held.size() - burst);
            std::swap(held[at], held[held.size() - 1 - i]);
        }
    }

    uint32_t addresses;
    PrivateMemory memory;
    Mappings mappings;
    Mapper mapper;
    std::vector<Held> held;
    std::mt19937 random{1};
    uint32_t next = 0;
};

World& world_of(uint32_t addresses, double full) {
    static std::unique_ptr<World> world;
    static double how_full = 0;
    if (!world || world->addresses != addresses || how_full != full) {
        world.reset();
        world = std::make_unique<World>(addresses, full);
        how_full = full;
    }
    return *world;
}

void replace(benchmark::State& state, uint32_t addresses, double full, bool measure_release) {
    World& world = world_of(addresses, full);
    Bursts bursts;
    for (auto _ : state) {
        world.choose();
        const auto last = world.held.end() - burst;
        const uint64_t start = read_tsc();
        for (auto one = last; one != world.held.end(); ++one) world.mapper.release(one->id, 1);
        const uint64_t between = read_tsc();
        for (auto one = last; one != world.held.end(); ++one) *one = world.make();
        bursts.add(measure_release ? between - start : read_tsc() - between);
    }
    bursts.report(state);
}

void join(benchmark::State& state, uint32_t addresses, double full) {
    World& world = world_of(addresses, full);
    Bursts bursts;
    for (auto _ : state) {
        Wish wishes[burst];
        for (Wish& wish : wishes) wish = world.held[world.random() % world.held.size()].wish;
        bool all_well = true;
        const uint64_t start = read_tsc();
        for (const Wish& wish : wishes) {
            const Acquired got = world.mapper.acquire(wish);
            all_well &= got.got == Got::existing;
            world.mapper.release(got.id, 1);
        }
        bursts.add(read_tsc() - start);
        if (!all_well) state.SkipWithError("wrong answers");
    }
    bursts.report(state);
}

void count(benchmark::State& state, uint32_t keys) {
    CountTable counts(keys);
    for (uint64_t key = 0; key < keys; ++key) counts.add(key, 10);
    std::mt19937 random(2);
    Bursts bursts;
    for (auto _ : state) {
        uint64_t chosen[burst];
        for (uint64_t& key : chosen) key = random() % keys;
        bool all_well = true;
        const uint64_t start = read_tsc();
        for (const uint64_t key : chosen) {
            all_well &= counts.add(key, 10) == Counted::yes;
            counts.subtract(key);
        }
        bursts.add(read_tsc() - start);
        if (!all_well) state.SkipWithError("wrong answers");
    }
    bursts.report(state);
}

void add(const std::string& name, auto run) { benchmark::RegisterBenchmark(name.c_str(), run); }

void register_all() {
    for (const uint32_t addresses : {1u, 32u}) {
        for (const double full : {0.5, 0.99, 0.999}) {
            const std::string where = fmt::format("addresses:{}/full:{}", addresses, full);
            add("nat/acquire/" + where,
                [=](benchmark::State& state) { replace(state, addresses, full, false); });
            add("nat/release/" + where,
                [=](benchmark::State& state) { replace(state, addresses, full, true); });
            add("nat/join/" + where,
                [=](benchmark::State& state) { join(state, addresses, full); });
        }
    }
    for (const uint32_t keys : {1u << 10, 1u << 20}) {
        add(fmt::format("nat/count/keys:{}", keys),
            [=](benchmark::State& state) { count(state, keys); });
    }
}

}  // namespace
}  // namespace sluice::nat

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    sluice::nat::register_all();
    benchmark::RunSpecifiedBenchmarks();
}
