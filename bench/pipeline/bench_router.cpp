// SPDX-License-Identifier: BSD-3-Clause
#include "bench/pipeline/bench_router.h"

#include <array>
#include <new>
#include <stdexcept>

#include <fmt/format.h>
#include <sys/mman.h>

#include "control/config/read.h"
#include "lib/layout/publish.h"
#include "lib/net/checksum.h"
#include "lib/tsc.h"

namespace sluice::bench {
namespace {

constexpr size_t huge_page = 2u << 20;
bool explicit_huge_pages = true;

constexpr unsigned ways_out = 4;
constexpr uint16_t headroom = 128;
constexpr size_t stride =
    sizeof(rte_mbuf) + headroom + 2048;  // as a DPDK pool lays its buffers out

net::MacAddress gateway_mac(unsigned n) {
    return {{0x02, 0, 0, 0x10, static_cast<uint8_t>(n >> 8), static_cast<uint8_t>(n)}};
}
constexpr net::MacAddress own_mac(unsigned interface) {
    return {{0x02, 0x5a, 0, 0, 0, static_cast<uint8_t>(interface + 1)}};
}

// Gateway n is 10.(n % ways_out + 1).(n / ways_out / 250).(n / ways_out % 250 + 2).
net::Ipv4Address gateway(unsigned n) {
    const unsigned host = n / ways_out;
    return net::addr(10, static_cast<uint8_t>(n % ways_out + 1), static_cast<uint8_t>(host / 250),
                     static_cast<uint8_t>(host % 250 + 2));
}

config::Config configuration(const std::string& more) {
    std::string json =
        R"({"interfaces": {"in": {"device": "net_null9", "addresses": ["10.0.0.1/24"]})";
    for (unsigned n = 0; n < ways_out; ++n) {
        json += fmt::format(
            R"(, "out{0}": {{"device": "net_null{0}", "addresses": ["10.{1}.0.1/16"]}})", n, n + 1);
    }
    const auto result = config::read_config(json + "}" + more + "}", "bench.json");
    if (!result.config) throw std::runtime_error(config::to_string(result.problems.front()));
    return *result.config;
}

}  // namespace

HugeMemory::HugeMemory(size_t size) : size_((size + huge_page - 1) / huge_page * huge_page) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    data_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);
    if (data_ != MAP_FAILED) return;
    explicit_huge_pages = false;
    // Room to spare, so that the part which is used begins on a huge page's border.
    auto* base = static_cast<std::byte*>(
        ::mmap(nullptr, size_ + huge_page, PROT_READ | PROT_WRITE, flags, -1, 0));
    if (base == MAP_FAILED) throw std::bad_alloc();
    const size_t lead = (huge_page - reinterpret_cast<uintptr_t>(base) % huge_page) % huge_page;
    if (lead > 0) ::munmap(base, lead);
    if (lead < huge_page) ::munmap(base + lead + size_, huge_page - lead);
    data_ = base + lead;
    ::madvise(data_, size_, MADV_HUGEPAGE);
    ::madvise(data_, size_, MADV_POPULATE_WRITE);  // so that no burst waits for that
}

HugeMemory::~HugeMemory() { ::munmap(data_, size_); }

const char* HugeMemory::kind() {
    return explicit_huge_pages ? "2 MiB pages" : "transparent huge pages";
}

BenchRouter::BenchRouter(unsigned next_hops, const std::string& more)
    : intent_memory_(sizeof(layout::Intent)),
      buffer_memory_(buffers * stride),
      intent_(std::make_unique<intent::IntentWriter>(
          *static_cast<layout::Intent*>(intent_memory_.data()), true, intent::Workers{})),
      neighbour_memory_(layout::max_neighbours * sizeof(NeighbourEntry)),
      neighbours_(std::span(static_cast<NeighbourEntry*>(neighbour_memory_.data()),
                            layout::max_neighbours)),
      context_{.neighbours = neighbours_,
               .limiter = *limiter_,
               .waiting = *waiting_,
               .reassembler = *reassembler_,
               .pool = pool_,
               .transmitter = sink_,
               .counters = *counters_} {
    intent_->apply(configuration(more));
    for (unsigned n = 0; n < next_hops; ++n) {
        const auto out = intent_->interface_id(fmt::format("out{}", n % ways_out));
        const uint32_t place = neighbours_.find_or_add(out, gateway(n), 0, 65536);
        if (place == NeighbourTable::none) throw std::runtime_error("no room for the gateways");
        neighbours_.confirm(place, out, gateway(n), gateway_mac(n), 0);
    }
    for (unsigned b = 0; b < buffers; ++b) {
        auto* m = reinterpret_cast<rte_mbuf*>(static_cast<std::byte*>(buffer_memory_.data()) +
                                              b * stride);
        m->buf_addr = m + 1;
        m->buf_len = headroom + 2048;
        m->data_off = headroom;
        m->nb_segs = 1;
    }
}

void BenchRouter::add(const std::vector<fib::Route>& routes) {
    std::vector<intent::RouteChange> changes;
    changes.reserve(routes.size());
    for (const fib::Route& r : routes) {
        intent::RouteChange change;
        change.prefix = r.prefix;
        change.via = {gateway(r.next_hop - 1u)};
        changes.push_back(std::move(change));
    }
    if (!intent_->change_routes(changes).empty()) throw std::runtime_error("routes were refused");

    auto& intent = *static_cast<layout::Intent*>(intent_memory_.data());
    auto snapshot = std::make_unique<layout::Snapshot>();
    if (!layout::copy_published(intent, *snapshot)) throw std::runtime_error("nothing published");
    std::array<InterfaceFacts, layout::max_interfaces> facts;
    for (unsigned id = 0; id < facts.size(); ++id) facts[id] = {true, own_mac(id), 1500};
    if (snapshot->nat.settings.sessions > 0 && !nat_) start_nat(snapshot->nat.settings);
    plan_ = compile(*snapshot, facts, neighbours_, nat_ ? nat_->supply() : nat::no_supply());
    context_.plan = plan_.get();
    context_.routes = &intent.fib;
}

void BenchRouter::fill(const uint32_t* destinations, unsigned count, unsigned frame_size) {
    const InterfaceId in = intent_->interface_id("in");
    for (unsigned i = 0; i < count; ++i) {
        auto* m = reinterpret_cast<rte_mbuf*>(static_cast<std::byte*>(buffer_memory_.data()) +
                                              (next_ + i) % buffers * stride);
        m->data_len = static_cast<uint16_t>(frame_size);
        m->pkt_len = frame_size;
        Packet packet(m);
        packet.ethernet() = {own_mac(in), gateway_mac(9999), net::be16(0x0800)};
        net::Ipv4Header& ip = packet.ipv4();
        ip = {};
        ip.version_and_length = 0x45;
        ip.total_length = net::be16(static_cast<uint16_t>(frame_size - ethernet_header));
        ip.ttl = 64;
        ip.protocol = 17;
        ip.source = net::be32(net::addr(10, 0, 0, 9).value);
        ip.destination = net::be32(destinations[i]);
        net::fill_checksum(ip);
    }
}

void BenchRouter::fill(std::span<const std::vector<uint8_t>> packets) {
    const InterfaceId in = intent_->interface_id("in");
    for (size_t i = 0; i < packets.size(); ++i) {
        auto* m = reinterpret_cast<rte_mbuf*>(static_cast<std::byte*>(buffer_memory_.data()) +
                                              (next_ + i) % buffers * stride);
        m->data_off = headroom;  // tunnels move it
        m->pkt_len = ethernet_header + static_cast<uint32_t>(packets[i].size());
        m->data_len = static_cast<uint16_t>(m->pkt_len);
        Packet packet(m);
        packet.ethernet() = {own_mac(in), gateway_mac(9999), net::be16(0x0800)};
        std::copy(packets[i].begin(), packets[i].end(), packet.data() + ethernet_header);
    }
}

void BenchRouter::start_nat(const layout::NatSettings& settings) {
    constexpr uint32_t addresses = 128;
    const size_t mapping_bytes = nat::Mappings::bytes_for(addresses);
    const size_t session_bytes = flow::Table::bytes_for(settings.sessions);
    mapping_memory_ = std::make_unique<HugeMemory>(mapping_bytes);
    session_memory_ = std::make_unique<HugeMemory>(session_bytes);
    nat_ = std::make_unique<nat::Shared>(
        nat::Memory{{static_cast<std::byte*>(mapping_memory_->data()), mapping_bytes},
                    addresses,
                    {static_cast<std::byte*>(session_memory_->data()), session_bytes},
                    settings.sessions});
    nat_->adopt(0, {});
    translator_ = std::make_unique<nat::Translator>(*nat_, 0, 1, nullptr);
    context_.nat = translator_.get();
}

void BenchRouter::fill_udp(const Flow4* flows, unsigned count) {
    std::array<uint32_t, burst_size> destinations;
    for (unsigned i = 0; i < count; ++i) destinations[i] = flows[i].destination;
    fill(destinations.data(), count);
    for (unsigned i = 0; i < count; ++i) {
        Packet packet(reinterpret_cast<rte_mbuf*>(static_cast<std::byte*>(buffer_memory_.data()) +
                                                  (next_ + i) % buffers * stride));
        net::Ipv4Header& ip = packet.ipv4();
        ip.source = net::be32(flows[i].source);
        net::fill_checksum(ip);
        auto& udp = *packet.header_at<net::UdpHeader>(ethernet_header + sizeof ip);
        udp = {net::be16(flows[i].source_port), net::be16(flows[i].destination_port),
               net::be16(static_cast<uint16_t>(ip.total_length.host() - sizeof ip)),
               net::be16(0x1234)};
    }
}

uint64_t BenchRouter::carry(unsigned count) {
    std::array<rte_mbuf*, burst_size> burst;
    for (unsigned i = 0; i < count; ++i) {
        burst[i] = reinterpret_cast<rte_mbuf*>(static_cast<std::byte*>(buffer_memory_.data()) +
                                               (next_ + i) % buffers * stride);
    }
    next_ = (next_ + count) % buffers;
    const InterfaceId in = 0;
    const uint64_t begin = read_tsc();
    sluice::run(context_, in, burst.data(), count);
    sink_.flush();
    return read_tsc() - begin;
}

// In one piece and by its name: bench/suite/instructions.py has callgrind count inside of it.
[[gnu::noinline]] uint64_t BenchRouter::run(unsigned count) { return carry(count); }

}  // namespace sluice::bench
