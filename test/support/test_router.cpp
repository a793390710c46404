// SPDX-License-Identifier: BSD-3-Clause
#include "test/support/test_router.h"

#include <map>
#include <stdexcept>

#include <sys/mman.h>

#include "control/config/read.h"
#include "dataplane/igmp/send.h"
#include "dataplane/tunnel/condition.h"
#include "lib/layout/publish.h"
#include "test/support/frame6.h"

namespace sluice::test {
namespace {

// Zeroed, and taken as it is used.
void* map_zeroed(size_t bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return memory;
}

constexpr uint64_t start_ns = 1000 * second_ns;

config::Config read(std::string_view json) {
    auto result = config::read_config(json, "test.json");
    std::string problems;
    for (const config::Problem& p : result.problems) problems += config::to_string(p) + "\n";
    if (!result.config) throw std::invalid_argument(problems);
    return *result.config;
}

}  // namespace

std::set<DropReason>& provoked_reasons() {
    static std::set<DropReason> reasons;
    return reasons;
}

void TestRouter::FreeIntent::operator()(layout::Intent* intent) const {
    ::munmap(intent, sizeof *intent);
}

TestRouter::TestRouter(std::string_view json, size_t neighbours)
    : intent_(static_cast<layout::Intent*>(map_zeroed(sizeof(layout::Intent)))),
      intent_writer_(std::make_unique<intent::IntentWriter>(*intent_, true, intent::Workers{})),
      entries_(neighbours),
      neighbours_(entries_),
      waiting_(std::make_unique<arp::Waiting>()),
      limiter_(std::make_unique<icmp::RateLimiter>()),
      reassembler_(std::make_unique<ipv4::Reassembler>()),
      counters_(std::make_unique<layout::WorkerBlock>()),
      wire_(std::make_unique<Wire>(*this)),
      snapshot_(std::make_unique<layout::Snapshot>()),
      tunnels_(std::make_unique<layout::TunnelState[]>(layout::max_tunnels)),
      multicast_(std::make_unique<layout::MulticastTable>()),
      links_(layout::max_interfaces, true),
      context_{.neighbours = neighbours_,
               .limiter = *limiter_,
               .waiting = *waiting_,
               .reassembler = *reassembler_,
               .pool = pool_,
               .transmitter = *wire_,
               .counters = *counters_} {
    context_.tunnels = tunnels_.get();
    context_.multicast = multicast_.get();
    context_.routes = &intent_->fib;
    context_.now_ns = start_ns;
    apply(json);
}

TestRouter::~TestRouter() {
    waiting_->clear(pool_);
    reassembler_->clear(pool_);
    if (nat_ != nullptr) nat_->clear(pool_);
    for (unsigned reason = 0; reason < layout::drop_reason_count; ++reason) {
        if (counters_->drops[reason].get() > 0) {
            provoked_reasons().insert(static_cast<DropReason>(reason));
        }
    }
}

void TestRouter::start_anew() {
    waiting_->clear(pool_);
    reassembler_->clear(pool_);
    forget_neighbours();
    std::construct_at(limiter_.get());
    std::construct_at(&context_.arp_frames);
    std::construct_at(&context_.nd_frames);
    std::memset(static_cast<void*>(counters_.get()), 0, sizeof *counters_);
    context_.now_ns = start_ns;
    context_.next_identification = 0;
    session_memory_.reset();
    if (nat_ != nullptr) restart_nat();
    bool plan_is_stale = forget_tunnels();
    if (std::ranges::find(links_, false) != links_.end()) {
        links_.assign(layout::max_interfaces, true);
        intent_writer_->set_links(links_);
        plan_is_stale = true;
    }
    if (plan_is_stale) take_plan();
}

bool TestRouter::forget_tunnels() {
    if (plan_->tunnels == nullptr) return false;
    bool knew_paths = false;
    for (const tunnel::Tunnel& t : plan_->tunnels->all()) {
        layout::TunnelState& state = tunnels_[t.interface - layout::max_ports];
        knew_paths |= state.path_mtu.load() != 0;
        std::memset(static_cast<void*>(&state), 0, sizeof state);
    }
    return knew_paths;
}

// Those that the plan refers to keep their places.
void TestRouter::forget_neighbours() {
    for (uint32_t place = 0; place < neighbours_.size(); ++place) {
        NeighbourEntry& entry = neighbours_.entry(place);
        const NeighbourLink link(entry.link.load());
        if (link.is_static()) continue;
        if (link.pinned()) {
            entry.link.store(NeighbourLink()
                                 .with(NeighbourCondition::none)
                                 .with_flag(NeighbourLink::pinned_bit, true)
                                 .bits());
            entry.requested_ms.store(0);
            entry.attempts.store(0);
        } else {
            neighbours_.remove(place);
        }
    }
}

void TestRouter::apply(std::string_view json) {
    intent_writer_->apply(read(json));
    take_plan();
}

void TestRouter::take_plan() {
    if (layout::published_generation(*intent_) != snapshot_->generation &&
        !layout::copy_published(*intent_, *snapshot_)) {
        throw std::runtime_error("nothing published");
    }
    std::array<InterfaceFacts, layout::max_ports> ports;
    for (unsigned id = 0; id < ports.size(); ++id) {
        ports[id] = {links_[id],
                     net::MacAddress{{0x02, 0x5a, 0, 0, 0, static_cast<uint8_t>(id + 1)}}, 9216};
    }
    const auto facts =
        tunnel::facts_of_all(ports, *snapshot_, intent_->fib, tunnels(), context_.now_ns);
    const uint32_t sessions = snapshot_->nat.settings.sessions;
    if (sessions > 0 && nat_ == nullptr) start_nat(sessions);
    plan_ = nat_ != nullptr ? compile(*snapshot_, facts, neighbours_, nat_shared_->supply())
                            : compile(*snapshot_, facts, neighbours_);
    if (plan_->nat != nullptr) nat_shared_->reserve_forwards(*plan_->nat);
    release_unreferenced(*plan_, *snapshot_, neighbours_);
    context_.plan = plan_.get();
    if (nat_ == nullptr) return;
    departed_blocks_ = nat_shared_->take_departed_blocks(plan_->nat.get());
    nat_->take_away(departed_blocks_.get());
}

void TestRouter::Unmap::operator()(std::byte* memory) const { ::munmap(memory, bytes); }

TestRouter::MappedMemory TestRouter::zeroed(size_t bytes) {
    return MappedMemory(static_cast<std::byte*>(map_zeroed(bytes)), Unmap{bytes});
}

void TestRouter::start_nat(uint32_t sessions, nat::LogRings log) {
    constexpr uint32_t addresses = 16;
    const size_t mapping_bytes = nat::Mappings::bytes_for(addresses);
    if (session_memory_ == nullptr) {
        session_count_ = sessions;
        session_memory_ = zeroed(flow::Table::bytes_for(sessions));
        mapping_memory_ = zeroed(mapping_bytes);
        ftp_memory_ = zeroed(nat::FtpRecords::bytes);
    }
    nat_shared_ = std::make_unique<nat::Shared>(
        nat::Memory{{mapping_memory_.get(), mapping_bytes},
                    addresses,
                    {session_memory_.get(), flow::Table::bytes_for(session_count_)},
                    session_count_,
                    {ftp_memory_.get(), nat::FtpRecords::bytes}});
    nat_shared_->adopt(context_.now_ns, {}, log);
    nat_ = std::make_unique<nat::Translator>(*nat_shared_, 0, 1, nullptr);
    context_.nat = nat_.get();
}

// The plan stays, if its external addresses can keep their numbers. Blocks of ports are the plan's:
// where there are some, it is compiled anew.
void TestRouter::restart_nat(nat::LogRings log) {
    nat_->clear(pool_);
    nat_.reset();
    const nat::Rules* rules = plan_->nat.get();
    const auto has_blocks = [](const nat::Rule& r) { return r.blocks != nullptr; };
    if (rules == nullptr || std::ranges::any_of(rules->all(), has_blocks)) return take_plan();
    start_nat(snapshot_->nat.settings.sessions, log);
    std::map<uint16_t, net::Ipv4Address> by_number;
    for (const nat::Rule& r : rules->all()) {
        for (const auto* all : {&r.externals, &r.source_externals}) {
            for (const nat::External& e : *all) by_number[e.number] = e.address;
        }
    }
    for (const auto& [number, address] : by_number) {
        if (nat_shared_->mappings.enlist(address) != number) return take_plan();
    }
    nat_shared_->reserve_forwards(*rules);
}

InterfaceId TestRouter::id_of(std::string_view interface) const {
    const InterfaceId id = intent_writer_->interface_id(interface);
    if (id == layout::no_interface) throw std::invalid_argument("no interface of that name");
    return id;
}

net::MacAddress TestRouter::mac_of(std::string_view interface) const {
    return plan_->interfaces[id_of(interface)].mac;
}

void TestRouter::set_link(std::string_view interface, bool up) {
    links_[id_of(interface)] = up;
    intent_writer_->set_links(links_);
    take_plan();
}

Neighbour TestRouter::neighbour(std::string_view interface, std::string_view address) const {
    const InterfaceId id = id_of(interface);
    return address.find(':') == address.npos ? Neighbour(id, ip(address))
                                             : Neighbour(id, ip6(address));
}

void TestRouter::knows(std::string_view interface, std::string_view address, net::MacAddress mac) {
    const Neighbour who = neighbour(interface, address);
    const uint32_t place = neighbours_.find_or_add(who, context_.now_ms(), layout::max_neighbours);
    neighbours_.confirm(place, who, mac, context_.now_ms());
}

Packet TestRouter::packet_of(const Bytes& frame, size_t piece) {
    Packet whole;
    for (size_t at = 0; at < frame.size() || !whole; at += piece) {
        const size_t length =
            std::min({piece, frame.size() - at, size_t{HeapPool::room - HeapPool::headroom}});
        Packet part = pool_.allocate();
        part.set_length(static_cast<uint32_t>(length));
        if (length > 0) std::memcpy(part.data(), frame.data() + at, length);
        if (whole) {
            whole.chain(part);
        } else {
            whole = part;
        }
        if (length < piece) at = at + length - piece;  // a buffer held less than the piece
    }
    return whole;
}

Bytes TestRouter::addressed(std::string_view interface, Bytes frame) const {
    const bool no_destination = frame.size() >= 6 && std::all_of(frame.begin(), frame.begin() + 6,
                                                                 [](auto b) { return b == 0; });
    if (no_destination) std::memcpy(frame.data(), mac_of(interface).bytes.data(), 6);
    return frame;
}

std::vector<Sent> TestRouter::receives(std::string_view interface, Bytes frame) {
    return receives(interface, std::vector<Bytes>{std::move(frame)});
}

std::vector<Sent> TestRouter::receives(std::string_view interface, const Ipv4Builder& frame) {
    return receives(interface, frame.build());
}

std::vector<Sent> TestRouter::receives(std::string_view interface,
                                       const std::vector<Bytes>& frames) {
    std::vector<rte_mbuf*> packets;
    for (const Bytes& frame : frames) {
        packets.push_back(packet_of(addressed(interface, frame)).buffer());
    }
    return run_burst(id_of(interface), std::move(packets));
}

std::vector<Sent> TestRouter::receives_in_pieces(std::string_view interface, const Bytes& frame,
                                                 size_t piece) {
    return run_burst(id_of(interface), {packet_of(addressed(interface, frame), piece).buffer()});
}

std::vector<Sent> TestRouter::receives(std::string_view interface, std::vector<rte_mbuf*> packets) {
    return run_burst(id_of(interface), std::move(packets));
}

std::vector<Sent> TestRouter::run_burst(InterfaceId in, std::vector<rte_mbuf*> packets) {
    if (plain_only_) {
        for (rte_mbuf* m : packets) run_plain(context_, in, Packet(m));
        return take_sent();
    }
    left_.clear();
    for (size_t at = 0; at < packets.size(); at += burst_size) {
        const size_t count = std::min<size_t>(burst_size, packets.size() - at);
        run_and_look(in, std::span(packets).subspan(at, count), at);
    }
    return take_sent();
}

// The fast way leaves what it has not taken at the front.
void TestRouter::run_and_look(InterfaceId in, std::span<rte_mbuf*> packets, size_t first) {
    const std::vector<rte_mbuf*> came(packets.begin(), packets.end());
    const auto& seen = context_.stage(layout::Stage::plain).packets;
    const uint64_t before = seen.get();
    run(context_, in, packets.data(), static_cast<unsigned>(packets.size()));
    for (rte_mbuf* const m : packets.first(std::min(packets.size(), size_t{seen.get() - before}))) {
        left_.push_back(first + static_cast<size_t>(std::ranges::find(came, m) - came.begin()));
    }
}

std::vector<Sent> TestRouter::waits(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds step{100};
    for (; time.count() > 0; time -= step) {
        const uint64_t before = context_.now_ns;
        context_.now_ns += std::chrono::nanoseconds(std::min(step, time)).count();
        tick(context_);
        if (before / second_ns == context_.now_ns / second_ns) continue;
        sweep();
        take_plan();
        watch_groups();
    }
    return take_sent();
}

void TestRouter::forget_groups() {
    for (unsigned at = 0; at < layout::max_multicast_groups; ++at) {
        if (multicast_->addresses[at].exchange(0) == 0) continue;
        std::memset(static_cast<void*>(&multicast_->groups[at]), 0, sizeof multicast_->groups[at]);
    }
    for (const layout::MulticastInterface& i : plan_->multicast.interfaces) {
        std::construct_at(&multicast_->links[i.interface]);
    }
    std::construct_at(&context_.igmp_messages);
    groups_ = {};
}

void TestRouter::watch_groups() {
    const auto is_up = [&](InterfaceId id) { return plan_->interfaces[id].up; };
    for (const multicast::Task& t :
         groups_.look(snapshot_->multicast, *multicast_, is_up, context_.now_ns)) {
        if (t.kind == multicast::Task::Kind::ask) {
            igmp::send_query(context_, t.interface, t.group);
        } else {
            igmp::tell_left(context_, t.group, t.interface);
        }
    }
}

std::vector<Sent> TestRouter::take_sent() {
    wire_->flush();
    return std::exchange(sent_, {});
}

void TestRouter::Wire::transmit(layout::InterfaceId interface, rte_mbuf** packets,
                                unsigned count) noexcept {
    hand_over(interface, packets, count, [&](rte_mbuf** batch, unsigned n) {
        for (const uint64_t begin = read_tsc(); read_tsc() - begin < slowness;) {
        }
        const unsigned taken = std::min(n, takes);
        for (unsigned i = 0; i < taken; ++i) router_.send(interface, Packet(batch[i]));
        return taken;
    });
}

void TestRouter::send(InterfaceId interface, Packet packet) {
    Bytes bytes(packet.length());
    packet.copy_out(0, bytes.data(), packet.length());
    sent_.push_back({intent_writer_->interface_name(interface), Frame(std::move(bytes))});
    pool_.free(packet);
}

uint64_t TestRouter::all_drops() const {
    uint64_t sum = 0;
    for (const layout::Counter& c : counters_->drops) sum += c.get();
    return sum;
}

std::vector<layout::Event> TestRouter::events() const {
    std::vector<layout::Event> result;
    layout::Event event;
    for (uint64_t n = 0; counters_->events.read(n, event); ++n) result.push_back(event);
    return result;
}

}  // namespace sluice::test
