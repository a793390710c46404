// SPDX-License-Identifier: BSD-3-Clause
// The plain way: cycles for packets that the fast way leaves, here because their header has options
// (four that mean nothing), so each stage is gone through packet by packet. 64-byte frames.
#include <array>
#include <cstring>

#include "bench/pipeline/bench_router.h"
#include "bench/pipeline/bursts.h"
#include "lib/net/checksum.h"

namespace sluice::bench {
namespace {

std::vector<uint8_t> packet_with_options(unsigned n) {
    constexpr uint8_t no_operation = 1, udp = 17;
    std::vector<uint8_t> packet(46);
    net::Ipv4Header ip{};
    ip.version_and_length = 0x46;
    ip.total_length = net::be16(static_cast<uint16_t>(packet.size()));
    ip.ttl = 64;
    ip.protocol = udp;
    ip.source = net::be32(net::addr(10, 0, 0, 9).value);
    ip.destination = net::be32(net::addr(11, 0, 0, 0).value + n);
    std::memcpy(packet.data(), &ip, sizeof ip);
    std::memset(packet.data() + sizeof ip, no_operation, 4);
    const net::Be16 checksum = net::checksum_of(net::sum_words(packet.data(), sizeof ip + 4));
    std::memcpy(packet.data() + offsetof(net::Ipv4Header, checksum), &checksum, sizeof checksum);
    return packet;
}

void forward_plainly(benchmark::State& state) {
    BenchRouter router(64);
    router.add({{net::Ipv4Prefix{}, 1}});
    std::vector<std::vector<uint8_t>> packets;
    for (unsigned n = 0; n < burst_size; ++n) packets.push_back(packet_with_options(n));
    Bursts bursts(router);
    for (auto _ : state) {
        router.fill(packets);
        bursts.run(burst_size);
    }
    bursts.report(state);
    if (bursts.packets_of(layout::Stage::plain) != bursts.packets()) {
        state.SkipWithError("not all went the plain way");
    }
}

}  // namespace

void register_plain() { add_benchmark("pipeline/plain/options", forward_plainly); }

}  // namespace sluice::bench
