// SPDX-License-Identifier: BSD-3-Clause
// Checksums: of whole packets, and of one that is brought up to date.
#include <vector>

#include <benchmark/benchmark.h>

#include "lib/net/checksum.h"

namespace sluice::net {
namespace {

void whole(benchmark::State& state) {
    const std::vector<uint8_t> bytes(static_cast<size_t>(state.range(0)), 0x5a);
    for (auto _ : state) {
        benchmark::DoNotOptimize(bytes.data());
        benchmark::DoNotOptimize(checksum_of(sum_words(bytes.data(), bytes.size())));
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(whole)->Name("net/checksum/bytes")->Arg(20)->Arg(46)->Arg(576)->Arg(1500);

void one_hop_older(benchmark::State& state) {
    Ipv4Header ip{};
    ip.ttl = 64;
    for (auto _ : state) {
        age(ip);
        benchmark::DoNotOptimize(ip);
    }
}
BENCHMARK(one_hop_older)->Name("net/checksum/age");

}  // namespace
}  // namespace sluice::net

BENCHMARK_MAIN();
