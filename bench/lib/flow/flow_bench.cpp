// SPDX-License-Identifier: BSD-3-Clause
// The session table at its full number of sessions, against rte_hash with the same keys.
//
//   flow/lookup/CONTENDER/sessions:N/TRAFFIC[/burst:64]   a burst of 32 or 64 keys, either
//       direction; then each session found is touched, as a packet does once a tick
//   flow/insert/CONTENDER/sessions:N     from empty to full; of rte_hash both keys and no session
//   flow/replace/sluice/sessions:N       at the full table: end one, make another
//   flow/sweep/sluice/sessions:N         a look through all places, where no time has come
//   flow/adopt/sluice/sessions:N         taking over a full table after a death
//
// cycles_per_packet (or per session) is of the median burst, in time-stamp cycles: a burst during
// which the kernel ran something else says nothing about it. The mean stands beside it. All
// tables lie on the same size of pages; the context says which. For figures to quote, give it
// 1,200 hugepages.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include "bench/lib/flow/peers.h"
#include "lib/flow/table.h"
#include "lib/flow/writer.h"
#include "lib/tsc.h"

namespace sluice::flow {
namespace {

constexpr size_t drawn = 1 << 20;  // packets of a traffic
constexpr unsigned insert_burst = 32;
constexpr Timeouts timeouts{{1 << 29}};

bool huge_pages = false;

class Mapped {
  public:
    explicit Mapped(size_t size) : size_((size + page - 1) / page * page) {
        constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS;
        at_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                     huge_pages ? flags | MAP_HUGETLB : flags, -1, 0);
        if (at_ == MAP_FAILED) throw std::runtime_error("no memory for a table");
        if (!huge_pages) ::madvise(at_, size_, MADV_NOHUGEPAGE);
    }
    ~Mapped() { ::munmap(at_, size_); }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;
    std::span<std::byte> bytes() const { return {static_cast<std::byte*>(at_), size_}; }

  private:
    static constexpr size_t page = 2 << 20;
    size_t size_;
    void* at_;
};

// The n-th session: hosts with 16 flows each to servers anywhere, behind enough addresses.
NewSession numbered(uint32_t n) {
    const uint32_t scattered = n * 2654435761u;
    NewSession session{};
    session.outbound.source = net::be32(0x0a000000 | n >> 4);
    session.outbound.source_port = net::be16(static_cast<uint16_t>(32768 + (scattered & 0x3fff)));
    session.outbound.destination = net::be32(0x08000000 | (scattered >> 8 & 0xffffff));
    session.outbound.destination_port = net::be16(443);
    session.outbound.protocol = 6;
    session.inbound.source = session.outbound.destination;
    session.inbound.source_port = session.outbound.destination_port;
    session.inbound.destination = net::be32(0xcb007100 + (n >> 16));
    session.inbound.destination_port = net::be16(static_cast<uint16_t>(n));
    session.inbound.protocol = 6;
    return session;
}

const FlowKey& key_of(const NewSession& session, bool inbound) {
    return inbound ? session.inbound : session.outbound;
}

struct FullTable {
    explicit FullTable(uint32_t n)
        : memory(Table::bytes_for(n)), table(memory.bytes(), n), writer(table, 0, 1, timeouts) {
        table.adopt(1);
        for (uint32_t i = 0; i < n; ++i) {
            if (writer.insert(numbered(i), 1).status != Status::ok) {
                throw std::runtime_error("the table is not usable to the last session");
            }
        }
    }
    Mapped memory;
    Table table;
    Writer writer;
};

// Everything for one number of sessions; one at a time, for the memory's sake.
struct World {
    explicit World(uint32_t n) : sessions(n), full(n) {}

    const RteHash& rte_hash(bool lock_free) {
        std::unique_ptr<RteHash>& hash = lock_free ? hash_lock_free : hash_plain;
        if (hash) return *hash;
        hash = std::make_unique<RteHash>(2 * sessions, lock_free);
        for (uint32_t place = 0; place < sessions; ++place) {
            for (const Direction direction : {Direction::outbound, Direction::inbound}) {
                if (!hash->add(full.table.session(place).key(direction), Flow(place, direction))) {
                    throw std::runtime_error("rte_hash is full");
                }
            }
        }
        return *hash;
    }

    uint32_t sessions;
    FullTable full;
    std::unique_ptr<RteHash> hash_plain;
    std::unique_ptr<RteHash> hash_lock_free;
};

World& world_of(uint32_t sessions) {
    static std::unique_ptr<World> world;
    if (!world || world->sessions != sessions) {
        world.reset();
        world = std::make_unique<World>(sessions);
    }
    return *world;
}

enum class Traffic { uniform, zipf, missing };

// zipf: the n-th session in some order has 1/n of the first one's packets.
std::vector<FlowKey> draw(uint32_t sessions, Traffic traffic) {
    std::mt19937 random(11);
    std::vector<double> up_to_rank;
    std::vector<uint32_t> ranked;
    if (traffic == Traffic::zipf) {
        double sum = 0;
        for (uint32_t rank = 1; rank <= sessions; ++rank) up_to_rank.push_back(sum += 1.0 / rank);
        ranked.resize(sessions);
        std::iota(ranked.begin(), ranked.end(), 0);
        std::shuffle(ranked.begin(), ranked.end(), random);
    }
    const auto pick = [&]() -> uint32_t {
        const auto any = static_cast<uint32_t>(random() % sessions);
        if (traffic == Traffic::uniform) return any;
        if (traffic == Traffic::missing) return sessions + any;
        std::uniform_real_distribution<double> anywhere(0, up_to_rank.back());
        const auto rank = std::ranges::upper_bound(up_to_rank, anywhere(random));
        return ranked[std::min<size_t>(rank - up_to_rank.begin(), sessions - 1)];
    };
    std::vector<FlowKey> keys(drawn);
    for (FlowKey& key : keys) key = key_of(numbered(pick()), random() % 2);
    return keys;
}

const std::vector<FlowKey>& traffic_of(uint32_t sessions, Traffic traffic) {
    static std::pair<uint32_t, Traffic> which{0, Traffic::uniform};
    static std::vector<FlowKey> keys;
    if (which != std::pair(sessions, traffic)) keys = draw(sessions, traffic);
    which = {sessions, traffic};
    return keys;
}

class Bursts {
  public:
    void add(uint64_t cycles) { cycles_.push_back(static_cast<uint32_t>(cycles)); }
    void report(benchmark::State& state, unsigned burst, const char* unit) {
        const auto median = cycles_.begin() + static_cast<std::ptrdiff_t>(cycles_.size() / 2);
        std::nth_element(cycles_.begin(), median, cycles_.end());
        const double sum = std::accumulate(cycles_.begin(), cycles_.end(), 0.0);
        const auto of = static_cast<double>(burst);
        state.counters[fmt::format("cycles_per_{}", unit)] = *median / of;
        state.counters[fmt::format("mean_cycles_per_{}", unit)] =
            sum / of / static_cast<double>(cycles_.size());
    }

  private:
    std::vector<uint32_t> cycles_;
};

template <typename FindBulk>
void measure_lookup(benchmark::State& state, uint32_t sessions, Traffic traffic, unsigned burst,
                    FindBulk&& find_bulk) {
    const std::vector<FlowKey>& packets = traffic_of(sessions, traffic);
    const Table& table = world_of(sessions).full.table;
    Bursts bursts;
    FlowKey keys[longest_burst];
    Flow found[longest_burst];
    size_t at = 0;
    uint64_t hits = 0;
    uint64_t looked_up = 0;
    for (auto _ : state) {
        // As a pipeline has them: just read from the headers.
        std::copy_n(&packets[at], burst, keys);
        at = (at + burst) % (drawn - burst);
        const uint64_t start = read_tsc();
        uint64_t mask = find_bulk(keys, found, burst);
        hits += static_cast<uint64_t>(std::popcount(mask));
        for (; mask != 0; mask &= mask - 1) {
            table.session(found[std::countr_zero(mask)].place()).touch(1);
        }
        bursts.add(read_tsc() - start);
        looked_up += burst;
    }
    bursts.report(state, burst, "packet");
    if (hits != (traffic == Traffic::missing ? 0 : looked_up)) state.SkipWithError("wrong answers");
}

void lookup(benchmark::State& state, uint32_t sessions, Traffic traffic, unsigned burst) {
    const Index& index = world_of(sessions).full.table.index();
    measure_lookup(state, sessions, traffic, burst,
                   [&](const FlowKey* keys, Flow* found, unsigned n) {
                       uint64_t hashes[longest_burst];
                       index.prepare(keys, hashes, n);
                       return index.find_bulk(keys, hashes, found, n);
                   });
}

void lookup_rte_hash(benchmark::State& state, uint32_t sessions, Traffic traffic, unsigned burst,
                     bool lock_free) {
    const RteHash& hash = world_of(sessions).rte_hash(lock_free);
    measure_lookup(state, sessions, traffic, burst,
                   [&](const FlowKey* keys, Flow* found, unsigned n) {
                       return hash.find_bulk(keys, found, n);
                   });
}

// `fresh` gives an empty table's function that inserts the n-th session.
template <typename Fresh>
void measure_insert(benchmark::State& state, uint32_t sessions, Fresh&& fresh) {
    Bursts bursts;
    for (auto _ : state) {
        auto insert = fresh();
        bool all_well = true;
        for (uint32_t n = 0; n + insert_burst <= sessions; n += insert_burst) {
            NewSession made[insert_burst];
            for (uint32_t i = 0; i < insert_burst; ++i) made[i] = numbered(n + i);
            const uint64_t start = read_tsc();
            for (const NewSession& session : made) all_well &= insert(session);
            bursts.add(read_tsc() - start);
        }
        if (!all_well) state.SkipWithError("refused a session");
    }
    bursts.report(state, insert_burst, "session");
}

void insert(benchmark::State& state, uint32_t sessions) {
    Mapped memory(Table::bytes_for(sessions));
    Table table(memory.bytes(), sessions);
    std::unique_ptr<Writer> writer;
    measure_insert(state, sessions, [&] {
        std::fill(memory.bytes().begin(), memory.bytes().end(), std::byte{0});
        table.adopt(1);
        writer = std::make_unique<Writer>(table, 0, 1, timeouts);
        return [&](const NewSession& s) { return writer->insert(s, 1).status == Status::ok; };
    });
}

void insert_rte_hash(benchmark::State& state, uint32_t sessions) {
    world_of(sessions).hash_plain.reset();
    std::unique_ptr<RteHash> hash;
    measure_insert(state, sessions, [&] {
        hash.reset();
        hash = std::make_unique<RteHash>(2 * sessions, false);
        return [&](const NewSession& s) {
            return hash->add(s.outbound, Flow(0, Direction::outbound)) &&
                   hash->add(s.inbound, Flow(0, Direction::inbound));
        };
    });
}

// At the full table, sessions at random give way to new ones.
void replace(benchmark::State& state, uint32_t sessions) {
    World world(sessions);
    Writer& writer = world.full.writer;
    std::mt19937 random(12);
    Bursts bursts;
    uint32_t next = sessions;
    for (auto _ : state) {
        NewSession made[insert_burst];
        uint32_t victims[insert_burst];
        for (uint32_t i = 0; i < insert_burst; ++i) {
            made[i] = numbered(next++);
            victims[i] = static_cast<uint32_t>(random() % sessions);
        }
        bool all_well = true;
        const uint64_t start = read_tsc();
        unsigned removed = 0;
        for (const uint32_t victim : victims) removed += writer.remove(victim, 1) == Status::ok;
        writer.begin_grace_period();
        writer.end_grace_period();
        for (unsigned i = 0; i < removed; ++i) {
            all_well &= writer.insert(made[i], 1).status == Status::ok;
        }
        bursts.add(read_tsc() - start);
        if (!all_well) state.SkipWithError("refused a session");
    }
    bursts.report(state, insert_burst, "session");
}

void sweep(benchmark::State& state, uint32_t sessions) {
    Writer& writer = world_of(sessions).full.writer;
    static uint32_t tick = 1;
    Bursts calls;
    for (auto _ : state) {
        ++tick;
        for (uint32_t n = 0; n < sessions; n += Writer::looks_a_call) {
            const uint64_t start = read_tsc();
            uint32_t ended[Writer::visits_a_call];
            if (writer.expire(tick, ended) != 0) state.SkipWithError("a session expired");
            calls.add(read_tsc() - start);
        }
    }
    calls.report(state, 1, "call");
    state.SetItemsProcessed(state.iterations() * sessions);
}

void adopt(benchmark::State& state, uint32_t sessions) {
    World& world = world_of(sessions);
    for (auto _ : state) {
        Table next(world.full.memory.bytes(), sessions);
        if (next.adopt(1).kept != sessions) state.SkipWithError("lost a session");
    }
    world_of(1);  // the old one's index went by another secret
}

void register_lookups(uint32_t sessions) {
    const auto add = [&](const char* contender, auto run) {
        // clang 14 lets no lambda capture what such a line names, but by a name of its own.
        for (const auto& [name, traffic] :
             {std::pair("uniform", Traffic::uniform), std::pair("zipf", Traffic::zipf),
              std::pair("missing", Traffic::missing)}) {
            for (const unsigned burst : {32u, 64u}) {
                const std::string full_name =
                    fmt::format("flow/lookup/{}/sessions:{}/{}{}", contender, sessions, name,
                                burst == 64 ? "/burst:64" : "");
                benchmark::RegisterBenchmark(full_name.c_str(),
                                             [=, traffic = traffic](benchmark::State& state) {
                                                 run(state, sessions, traffic, burst);
                                             });
            }
        }
    };
    add("sluice", lookup);
    for (const bool lock_free : {false, true}) {
        add(lock_free ? "rte_hash_lock_free" : "rte_hash",
            [=](benchmark::State& state, uint32_t n, Traffic traffic, unsigned burst) {
                lookup_rte_hash(state, n, traffic, burst, lock_free);
            });
    }
}

void register_all() {
    for (const uint32_t sessions : {1u << 10, 1u << 16, 1u << 20, 1u << 22}) {
        register_lookups(sessions);
        const auto add = [&](const char* name, auto run) {
            return benchmark::RegisterBenchmark(
                fmt::format("flow/{}/sessions:{}", name, sessions).c_str(),
                [=](benchmark::State& state) { run(state, sessions); });
        };
        add("sweep/sluice", sweep);
        add("insert/rte_hash", insert_rte_hash)->Unit(benchmark::kMillisecond);
        add("insert/sluice", insert)->Unit(benchmark::kMillisecond);
        add("adopt/sluice", adopt)->Unit(benchmark::kMillisecond);
        add("replace/sluice", replace);
    }
}

}  // namespace
}  // namespace sluice::flow

int main(int argc, char** argv) {
    using namespace sluice::flow;
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    try {
        huge_pages = start_eal();
        benchmark::AddCustomContext("flow_pages",
                                    huge_pages ? "2 MiB, all tables" : "4 KiB, all tables");
        benchmark::AddCustomContext("flow_bytes_per_session", fmt::format("{}", bytes_per_session));
        register_all();
        benchmark::RunSpecifiedBenchmarks();
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "flow_bench: %s\n", problem.what());
        return 1;
    }
}
