// SPDX-License-Identifier: BSD-3-Clause
// One GRE tunnel over several workers (dataplane/tunnel/spread.h).
//
//   handover         what a packet costs who gives it and who takes it, in one thread, and so
//                    without the cache misses between two cores
//   handover/kept    what is spent on a packet of a tunnel that its receiver keeps, since the flow
//                    is its own
//   handover/plain   on one that came in no tunnel, where some tunnel is spread
//   handover/off     on one where none is
//   wake             how long a worker that sleeps takes to begin with what it is handed
//   spread/workers:N packets a second through N workers of which one receives all, each on a core
//                    of its own; for as many as this machine has cores, which the label says
//
// Of spread, a worker's device is its share of 1,000 buffers that go round: who transmits one puts
// its first bytes right again, and the receiver has it back by a ring.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "bench/pipeline/bench_router.h"
#include "bench/pipeline/bench_worker.h"
#include "bench/pipeline/bursts.h"
#include "dataplane/tunnel/spread.h"
#include "lib/net/checksum.h"
#include "lib/tsc.h"

namespace sluice::bench {
namespace {

std::string one_tunnel(const char* spread) {
    return fmt::format(R"(, "tunnels": {{"t": {{"type": "gre", "local": "10.0.0.1",
                                             "remote": "12.0.0.1", "spread": "{}"}}}})",
                       spread);
}
constexpr InterfaceId in = 0;
constexpr unsigned inner_length = 46;

void write_ipv4(uint8_t* at, net::Ipv4Address from, net::Ipv4Address to, uint8_t protocol,
                size_t length) {
    net::Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.total_length = net::be16(static_cast<uint16_t>(length));
    ip.ttl = 64;
    ip.protocol = protocol;
    ip.source = net::be32(from.value);
    ip.destination = net::be32(to.value);
    net::fill_checksum(ip);
    std::memcpy(at, &ip, sizeof ip);
}

// An IP packet of UDP from this port.
std::vector<uint8_t> plain(uint16_t port) {
    constexpr uint8_t udp = 17;
    std::vector<uint8_t> packet(inner_length);
    write_ipv4(packet.data(), net::addr(10, 0, 0, 9), net::addr(13, 0, 0, 1), udp, packet.size());
    packet[sizeof(net::Ipv4Header)] = static_cast<uint8_t>(port >> 8);
    packet[sizeof(net::Ipv4Header) + 1] = static_cast<uint8_t>(port);
    return packet;
}

// The same as it came in the tunnel.
std::vector<uint8_t> tunnelled(uint16_t port) {
    constexpr size_t outer = sizeof(net::Ipv4Header) + sizeof(net::GreHeader);
    constexpr uint8_t gre = 47;
    const std::vector<uint8_t> inner = plain(port);
    std::vector<uint8_t> packet(outer + inner.size());
    write_ipv4(packet.data(), net::addr(12, 0, 0, 1), net::addr(10, 0, 0, 1), gre, packet.size());
    packet[sizeof(net::Ipv4Header) + 2] = 8;
    std::copy(inner.begin(), inner.end(), packet.begin() + outer);
    return packet;
}

std::unique_ptr<BenchRouter> router_with_tunnel(const char* spread = "on") {
    auto router = std::make_unique<BenchRouter>(64, one_tunnel(spread));
    router->add({{net::Ipv4Prefix{}, 1}});
    return router;
}

// A worker that hands over.
struct Spreading : BenchWorker {
    Spreading(const Context& like, Transmitter& transmitter, handover::Exchange& exchange,
              unsigned self)
        : Spreading(std::make_unique<layout::WorkerBlock>(), like, transmitter, exchange, self) {}
    std::unique_ptr<layout::WorkerBlock> counters;
    tunnel::Spreader spreader;

  private:
    Spreading(std::unique_ptr<layout::WorkerBlock> block, const Context& like,
              Transmitter& transmitter, handover::Exchange& exchange, unsigned self)
        : BenchWorker(like, transmitter, like.pool, *block),
          counters(std::move(block)),
          spreader(exchange, self) {
        context.spreader = &spreader;
    }
};

// Buffers that go round, and their way back.
class Circle {
  public:
    static constexpr unsigned count = 1000;
    static_assert(count <= handover::Ring::size);  // so that a way back is never full

    using MakePacket = std::vector<uint8_t> (*)(uint16_t port);

    Circle(const Context& context, unsigned workers, MakePacket make = tunnelled)
        : back_(workers), memory_(count * stride) {
        std::mt19937 random(7);
        for (unsigned n = 0; n < count; ++n) {
            auto* m =
                reinterpret_cast<rte_mbuf*>(static_cast<std::byte*>(memory_.data()) + n * stride);
            m->buf_addr = m + 1;
            m->buf_len = headroom + 2048;
            m->nb_segs = 1;
            const auto packet = make(static_cast<uint16_t>(random()));
            frames_[n].resize(ethernet_header + packet.size());
            net::EthernetHeader ethernet{
                context.interface(in).mac, {{2, 0, 0, 0, 0, 9}}, net::be16(0x0800)};
            std::memcpy(frames_[n].data(), &ethernet, sizeof ethernet);
            std::copy(packet.begin(), packet.end(), frames_[n].begin() + ethernet_header);
            buffers_[n] = m;
            restore(m);
            back_[0].give(&m, 1);
        }
    }
    void give_back(unsigned worker, rte_mbuf** packets, unsigned n) {
        for (unsigned i = 0; i < n; ++i) restore(packets[i]);
        back_[worker].give(packets, n);
    }
    std::span<rte_mbuf* const> all() const { return buffers_; }
    unsigned receive(rte_mbuf** packets) {
        unsigned n = 0;
        for (unsigned w = 0; w < back_.size() && n < burst_size; ++w) {
            next_ = (next_ + 1) % static_cast<unsigned>(back_.size());
            n += back_[next_].take(packets + n, burst_size - n);
        }
        return n;
    }

  private:
    static constexpr uint16_t headroom = 128;
    static constexpr size_t stride = sizeof(rte_mbuf) + headroom + 2048;

    void restore(rte_mbuf* m) {
        const auto n = static_cast<size_t>(reinterpret_cast<std::byte*>(m) -
                                           static_cast<std::byte*>(memory_.data())) /
                       stride;
        m->data_off = headroom;
        m->pkt_len = static_cast<uint32_t>(frames_[n].size());
        m->data_len = static_cast<uint16_t>(frames_[n].size());
        std::copy(frames_[n].begin(), frames_[n].end(), Packet(m).data());
    }

    std::vector<handover::Ring> back_;
    HugeMemory memory_;
    std::array<std::vector<uint8_t>, count> frames_;
    std::array<rte_mbuf*, count> buffers_{};
    unsigned next_ = 0;
};

class Returning : public Transmitter {
  public:
    Returning(Circle& circle, unsigned worker) : circle_(circle), worker_(worker) {}
    uint64_t sent() const { return sent_; }

  private:
    void transmit(layout::InterfaceId, rte_mbuf** packets, unsigned count) noexcept override {
        circle_.give_back(worker_, packets, count);
        sent_ += count;
    }
    Circle& circle_;
    unsigned worker_;
    uint64_t sent_ = 0;
};

double median_of(std::vector<uint32_t>& cycles) {
    const auto middle = cycles.begin() + static_cast<std::ptrdiff_t>(cycles.size() / 2);
    std::nth_element(cycles.begin(), middle, cycles.end());
    return *middle / static_cast<double>(burst_size);
}

// Two workers, of which the first has bursts to give that are all its own, or all the other's.
class Pair {
  public:
    Pair(const char* spread, Circle::MakePacket make)
        : router_(router_with_tunnel(spread)), circle_(router_->context(), 1, make) {}

    // Packets that the giver keeps, or does not; whole bursts of them.
    void choose(bool kept) {
        for (rte_mbuf* m : circle_.all()) {
            rte_mbuf* given = m;
            const bool is_kept = give(&given, 1) == 1;
            if (!is_kept) take(&given);
            if (is_kept == kept) chosen_.push_back(m);
        }
        chosen_.resize(chosen_.size() / burst_size * burst_size);
    }
    void next_burst(std::array<rte_mbuf*, burst_size>& burst) {
        std::copy_n(chosen_.begin() + static_cast<std::ptrdiff_t>(at_), burst_size, burst.begin());
        at_ = (at_ + burst_size) % chosen_.size();
    }
    unsigned give(rte_mbuf** packets, unsigned count) {
        return giver_.spreader.give(giver_.context, in, packets, count);
    }
    unsigned take(rte_mbuf** packets) { return taker_.take(0, packets); }

  private:
    std::unique_ptr<BenchRouter> router_;
    Circle circle_;
    handover::Exchange exchange_{2};
    Spreading giver_{router_->context(), router_->sink(), exchange_, 0};
    tunnel::Spreader taker_{exchange_, 1};
    std::vector<rte_mbuf*> chosen_;
    size_t at_ = 0;
};

// Each packet is read, hashed, put and taken.
void handover(benchmark::State& state) {
    Pair pair("on", tunnelled);
    pair.choose(false);
    std::vector<uint32_t> given, taken;
    std::array<rte_mbuf*, burst_size> burst;
    for (auto _ : state) {
        pair.next_burst(burst);
        const uint64_t begin = read_tsc();
        const unsigned kept = pair.give(burst.data(), burst_size);
        const uint64_t middle = read_tsc();
        const unsigned n = pair.take(burst.data());
        taken.push_back(static_cast<uint32_t>(read_tsc() - middle));
        given.push_back(static_cast<uint32_t>(middle - begin));
        if (kept != 0 || n != burst_size) state.SkipWithError("not all were handed over");
    }
    state.counters["give_cycles_per_packet"] = median_of(given);
    state.counters["take_cycles_per_packet"] = median_of(taken);
}

void keep(benchmark::State& state, const char* spread, Circle::MakePacket make) {
    Pair pair(spread, make);
    pair.choose(true);
    std::vector<uint32_t> spent;
    std::array<rte_mbuf*, burst_size> burst;
    for (auto _ : state) {
        pair.next_burst(burst);
        const uint64_t begin = read_tsc();
        const unsigned kept = pair.give(burst.data(), burst_size);
        spent.push_back(static_cast<uint32_t>(read_tsc() - begin));
        if (kept != burst_size) state.SkipWithError("some were handed over");
    }
    state.counters["cycles_per_packet"] = median_of(spent);
}

int64_t now_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The sleeper, on a core of its own where there are two, sleeps for a millisecond before each
// packet. Manual time: from the hand-over on.
void wake(benchmark::State& state) {
    handover::Exchange exchange(2);
    std::atomic<int64_t> begun{0};
    std::atomic<bool> stop{false};
    std::thread sleeper([&] {
        constexpr uint64_t long_ns = 1'000'000'000;
        sit_on(std::thread::hardware_concurrency() > 1 ? 1 : 0);
        rte_mbuf* packet = nullptr;
        while (!stop) {
            exchange.bell(1).sleep(long_ns, [&] { return exchange.has_some_for(1); });
            if (exchange.ring(0, 1).take(&packet, 1) == 1) begun = now_ns();
        }
    });
    cpu_set_t before;
    ::pthread_getaffinity_np(::pthread_self(), sizeof before, &before);
    sit_on(0);
    std::vector<double> took;
    for (auto _ : state) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        auto* packet = reinterpret_cast<rte_mbuf*>(&exchange);  // only a number here
        begun = 0;
        const int64_t begin = now_ns();
        exchange.ring(0, 1).give(&packet, 1);
        exchange.bell(1).ring();
        while (begun == 0) std::this_thread::yield();
        took.push_back(static_cast<double>(begun - begin) / 1e9);
        state.SetIterationTime(took.back());
    }
    stop = true;
    exchange.bell(1).ring();
    sleeper.join();
    ::pthread_setaffinity_np(::pthread_self(), sizeof before, &before);
    std::sort(took.begin(), took.end());
    state.counters["median_us"] = took[took.size() / 2] * 1e6;
    state.counters["p99_us"] = took[took.size() * 99 / 100] * 1e6;
}

void spread(benchmark::State& state, unsigned workers) {
    const auto router = router_with_tunnel();
    Circle circle(router->context(), workers);
    handover::Exchange exchange(workers);
    std::vector<std::unique_ptr<Returning>> wires;
    std::vector<std::unique_ptr<Spreading>> benches;
    for (unsigned n = 0; n < workers; ++n) {
        wires.push_back(std::make_unique<Returning>(circle, n));
        benches.push_back(std::make_unique<Spreading>(router->context(), *wires[n], exchange, n));
    }
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (unsigned n = 1; n < workers; ++n) {
        threads.emplace_back([&, n] {
            sit_on(n);
            while (!stop.load(std::memory_order_relaxed)) {
                run_handed_over(benches[n]->context);
                wires[n]->flush();
            }
        });
    }
    cpu_set_t before;
    ::pthread_getaffinity_np(::pthread_self(), sizeof before, &before);
    sit_on(0);
    uint64_t packets = 0;
    std::array<rte_mbuf*, burst_size> burst;
    for (auto _ : state) {
        const unsigned n = circle.receive(burst.data());
        if (n > 0) run(benches[0]->context, in, burst.data(), n);
        wires[0]->flush();
        packets += n;
    }
    stop = true;
    for (std::thread& t : threads) t.join();
    ::pthread_setaffinity_np(::pthread_self(), sizeof before, &before);
    uint64_t dropped = 0, sent = 0;
    for (const auto& b : benches) {
        for (const layout::Counter& c : b->counters->drops) dropped += c.get();
    }
    for (const auto& wire : wires) sent += wire->sent();
    if (dropped > 0 || sent + Circle::count < packets) state.SkipWithError("packets were lost");
    state.SetItemsProcessed(static_cast<int64_t>(packets));
    state.counters["workers"] = workers;
    state.SetLabel(fmt::format("{} cores", std::thread::hardware_concurrency()));
}

}  // namespace

void register_spread() {
    add_benchmark("pipeline/tunnel_handover", handover);
    add_benchmark("pipeline/tunnel_handover/kept",
                  [](auto& state) { keep(state, "on", tunnelled); });
    add_benchmark("pipeline/tunnel_handover/plain", [](auto& state) { keep(state, "on", plain); });
    add_benchmark("pipeline/tunnel_handover/off",
                  [](auto& state) { keep(state, "off", tunnelled); });
    add_benchmark("pipeline/tunnel_wake", wake)->UseManualTime()->Iterations(2000);
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    for (unsigned workers = 1; workers <= std::min(cores, layout::max_workers); workers *= 2) {
        add_benchmark(fmt::format("pipeline/tunnel_spread/workers:{}", workers), [=](auto& state) {
            spread(state, workers);
        })->UseRealTime();
    }
}

}  // namespace sluice::bench
