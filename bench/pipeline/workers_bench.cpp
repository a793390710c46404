// SPDX-License-Identifier: BSD-3-Clause
// Scaling: packets a second through N workers, each with a ring for a port.
//
//   generator n ── ring ──▶ worker n: the whole pipeline ── ring ──▶ generator n
//
// All are on cores of their own, so N workers need 2 N. Where there are too few, nothing is
// measured and the report says so: workers that take turns on a core would measure the kernel.
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <sched.h>

#include "bench/pipeline/bench_router.h"
#include "bench/pipeline/bench_worker.h"
#include "bench/pipeline/bursts.h"
#include "dataplane/handover/ring.h"
#include "lib/layout/quiescence.h"
#include "lib/net/checksum.h"
#include "test/lib/fib/full_table.h"

namespace sluice::bench {
namespace {

constexpr unsigned most_workers = 16;
constexpr InterfaceId entry = 0;
constexpr unsigned frame_length = 60;
using RawFrame = std::array<uint8_t, 64>;

RawFrame udp_frame(const Context& c, const Flow4& flow) {
    RawFrame frame{};
    const net::EthernetHeader ethernet{
        c.interface(entry).mac, {{2, 0, 0, 0, 0, 9}}, net::be16(0x0800)};
    net::Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.total_length = net::be16(frame_length - ethernet_header);
    ip.ttl = 64;
    ip.protocol = 17;
    ip.source = net::be32(flow.source);
    ip.destination = net::be32(flow.destination);
    net::fill_checksum(ip);
    const net::UdpHeader udp{net::be16(flow.source_port), net::be16(flow.destination_port),
                             net::be16(frame_length - ethernet_header - sizeof ip),
                             net::be16(0x1234)};
    std::memcpy(frame.data(), &ethernet, sizeof ethernet);
    std::memcpy(frame.data() + ethernet_header, &ip, sizeof ip);
    std::memcpy(frame.data() + ethernet_header + sizeof ip, &udp, sizeof udp);
    return frame;
}

// A generator and the two rings between it and its worker. Buffers go round: who forwards or
// drops one gives it back.
class Lane : public Transmitter, public PacketPool {
  public:
    static constexpr unsigned count = 512;
    static_assert(count <= handover::Ring::size);  // so that neither ring is ever full

    explicit Lane(std::vector<RawFrame> frames)
        : frames_(std::move(frames)), memory_(count * stride) {
        for (unsigned n = 0; n < count; ++n) {
            auto* m =
                reinterpret_cast<rte_mbuf*>(static_cast<std::byte*>(memory_.data()) + n * stride);
            m->buf_addr = m + 1;
            m->buf_len = headroom + 2048;
            m->nb_segs = 1;
            back_.give(&m, 1);
        }
    }
    // The generator's round.
    void generate() noexcept {
        std::array<rte_mbuf*, burst_size> buffers;
        const unsigned n = back_.take(buffers.data(), burst_size);
        for (unsigned i = 0; i < n; ++i) {
            rte_mbuf* m = buffers[i];
            m->data_off = headroom;
            m->data_len = frame_length;
            m->pkt_len = frame_length;
            std::memcpy(Packet(m).data(), frames_[next_].data(), frame_length);
            if (++next_ == frames_.size()) next_ = 0;
        }
        forth_.give(buffers.data(), n);
    }
    // The worker's.
    unsigned receive(rte_mbuf** packets) noexcept { return forth_.take(packets, burst_size); }
    void free(Packet packet) noexcept override {
        rte_mbuf* m = packet.buffer();
        back_.give(&m, 1);
    }
    Packet allocate() noexcept override { return Packet(); }

    uint64_t sent() const noexcept { return sent_.load(std::memory_order_relaxed); }

  private:
    static constexpr uint16_t headroom = 128;
    static constexpr size_t stride = sizeof(rte_mbuf) + headroom + 2048;

    void transmit(layout::InterfaceId, rte_mbuf** packets, unsigned n) noexcept override {
        back_.give(packets, n);
        sent_.store(sent() + n, std::memory_order_relaxed);
    }

    std::vector<RawFrame> frames_;
    HugeMemory memory_;
    size_t next_ = 0;
    handover::Ring forth_, back_;
    alignas(64) std::atomic<uint64_t> sent_{0};
};

// Workers and generators at work, from its beginning to its end.
class Floor {
  public:
    using FramesOf = std::function<std::vector<RawFrame>(unsigned worker)>;

    Floor(BenchRouter& router, unsigned workers, const std::vector<unsigned>& cores,
          const FramesOf& frames)
        : state_memory_(sizeof(layout::State)) {
        auto& state = *static_cast<layout::State*>(state_memory_.data());
        for (unsigned n = 0; n < workers; ++n) {
            lanes_.push_back(std::make_unique<Lane>(frames(n)));
            Lane& lane = *lanes_.back();
            workers_.push_back(
                std::make_unique<BenchWorker>(router.context(), lane, lane, state.workers[n]));
            if (router.nat() == nullptr) continue;
            translators_.push_back(
                std::make_unique<nat::Translator>(*router.nat(), n, workers, &state));
            workers_.back()->context.nat = translators_.back().get();
        }
        for (unsigned n = 0; n < workers; ++n) {
            threads_.emplace_back([this, n, core = cores[n]] { work(n, core); });
            threads_.emplace_back([this, n, core = cores[workers + n]] { generate(n, core); });
        }
    }
    ~Floor() {
        stop_ = true;
        for (std::thread& t : threads_) t.join();
    }
    uint64_t sent() const {
        uint64_t sum = 0;
        for (const auto& lane : lanes_) sum += lane->sent();
        return sum;
    }

  private:
    static constexpr unsigned rounds_a_tick = 1000;

    void work(unsigned number, unsigned core) {
        sit_on(core);
        Context& c = workers_[number]->context;
        std::array<rte_mbuf*, burst_size> burst;
        for (unsigned round = 0; !stop_.load(std::memory_order_relaxed); ++round) {
            layout::pass_quiescent_state(c.counters);
            const unsigned n = lanes_[number]->receive(burst.data());
            if (n > 0) run(c, entry, burst.data(), n);
            lanes_[number]->flush();
            if (round % rounds_a_tick == 0) tick(c);
        }
    }
    void generate(unsigned number, unsigned core) {
        sit_on(core);
        while (!stop_.load(std::memory_order_relaxed)) lanes_[number]->generate();
    }

    HugeMemory state_memory_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<std::unique_ptr<BenchWorker>> workers_;
    std::vector<std::unique_ptr<nat::Translator>> translators_;
    std::atomic<bool> stop_{false};
    std::vector<std::thread> threads_;
};

void measure(benchmark::State& state, Floor& floor, unsigned workers, size_t cores) {
    constexpr auto while_ = std::chrono::milliseconds(20);
    std::this_thread::sleep_for(5 * while_);  // sessions, caches
    const uint64_t before = floor.sent();
    for (auto _ : state) std::this_thread::sleep_for(while_);
    state.SetItemsProcessed(static_cast<int64_t>(floor.sent() - before));
    state.counters["workers"] = workers;
    state.SetLabel(fmt::format("{} cores", cores));
    if (floor.sent() == before) state.SkipWithError("nothing was forwarded");
}

// The full table, destinations in any prefix alike.
void forward_by(benchmark::State& state, unsigned workers, const std::vector<unsigned>& cores) {
    static const auto table = fib::read_full_table(SLUICE_FULL_TABLE, 256);
    static BenchRouter& router = *[] {
        auto* made = new BenchRouter(256);  // for all of these benchmarks
        made->add(table);
        return made;
    }();
    Floor floor(router, workers, cores, [](unsigned worker) {
        std::mt19937 random(worker);
        std::vector<RawFrame> frames;
        for (unsigned n = 0; n < 1u << 16; ++n) {
            const net::Ipv4Prefix p = table[random() % table.size()].prefix;
            const uint32_t to = p.address.value | (static_cast<uint32_t>(random()) & ~p.mask());
            frames.push_back(
                udp_frame(router.context(), {net::addr(10, 0, 0, 9).value, to, 1024, 53}));
        }
        return frames;
    });
    measure(state, floor, workers, cores.size());
}

// 65,536 flows, shared out.
void translate_by(benchmark::State& state, unsigned workers, const std::vector<unsigned>& cores) {
    BenchRouter router(1, R"(, "nat": [{"name": "bench", "type": "source", "to": "198.18.0.0/25"}],
                              "sessions": {"max": 131072})");
    router.add({{net::Ipv4Prefix{}, 1}});
    Floor floor(router, workers, cores, [&](unsigned worker) {
        std::vector<RawFrame> frames;
        for (unsigned n = 0; n < 65536 / workers; ++n) {
            const uint32_t from = net::addr(10, 0, 0, 0).value + 256 + n % 200 + worker * 256;
            frames.push_back(udp_frame(
                router.context(),
                {from, net::addr(11, 0, 0, 1).value, static_cast<uint16_t>(1024 + n / 200), 53}));
        }
        std::shuffle(frames.begin(), frames.end(), std::mt19937(worker));
        return frames;
    });
    measure(state, floor, workers, cores.size());
}

std::vector<unsigned> own_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof set, &set);
    std::vector<unsigned> cores;
    for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &set)) cores.push_back(core);
    }
    return cores;
}

}  // namespace

void register_workers() {
    const std::vector<unsigned> cores = own_cores();
    std::string left_out;
    for (unsigned workers = 1; workers <= most_workers; workers *= 2) {
        if (2 * workers > cores.size()) {
            left_out += fmt::format("{}{}", left_out.empty() ? "" : ", ", workers);
            continue;
        }
        add_benchmark(fmt::format("pipeline/forward_full/workers:{}", workers), [=](auto& state) {
            forward_by(state, workers, cores);
        })->UseRealTime();
        add_benchmark(fmt::format("pipeline/nat_64k/workers:{}", workers), [=](auto& state) {
            translate_by(state, workers, cores);
        })->UseRealTime();
    }
    if (left_out.empty()) return;
    const std::string why = fmt::format(
        "{} were not measured: each needs two cores, and there are {}", left_out, cores.size());
    benchmark::AddCustomContext("workers", why);
}

}  // namespace sluice::bench
