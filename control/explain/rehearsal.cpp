// SPDX-License-Identifier: BSD-3-Clause
#include "control/explain/rehearsal.h"

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>

#include "control/explain/nat_copy.h"
#include "control/explain/packet.h"
#include "control/state/read.h"
#include "dataplane/arp/neighbour_table.h"
#include "dataplane/arp/resolve.h"
#include "dataplane/icmp/error.h"
#include "dataplane/ipv4/reassemble.h"
#include "dataplane/pipeline.h"
#include "dataplane/trace/tracer.h"
#include "dataplane/tunnel/condition.h"
#include "lib/layout/publish.h"

namespace sluice::explain {
namespace {

using Facts = std::array<InterfaceFacts, layout::max_ports>;

// Buffers from the heap: header and room in one piece.
class HeapPool : public PacketPool {
  public:
    static constexpr uint16_t headroom = 128;
    static constexpr uint16_t room = headroom + sizeof(net::EthernetHeader) + largest_packet + 128;
    static constexpr size_t most = 256;

    Packet allocate() noexcept override {
        if (out_ == most) return Packet();
        auto* buffer = new (std::align_val_t{64}, std::nothrow) std::byte[sizeof(rte_mbuf) + room];
        if (buffer == nullptr) return Packet();
        std::memset(buffer, 0, sizeof(rte_mbuf) + room);
        auto* m = reinterpret_cast<rte_mbuf*>(buffer);
        m->buf_addr = buffer + sizeof(rte_mbuf);
        m->buf_len = room;
        m->data_off = headroom;
        m->nb_segs = 1;
        m->refcnt = 1;
        ++out_;
        return Packet(m);
    }
    void free(Packet packet) noexcept override {
        for (rte_mbuf* m = packet.buffer(); m != nullptr; --out_) {
            rte_mbuf* next = m->next;
            ::operator delete[](reinterpret_cast<std::byte*>(m), std::align_val_t{64});
            m = next;
        }
    }

  private:
    size_t out_ = 0;
};

class Witness : public Transmitter {
  public:
    explicit Witness(PacketPool& pool) : pool_(pool) {}
    std::vector<Leaving> seen;

  private:
    void transmit(layout::InterfaceId interface, rte_mbuf** packets,
                  unsigned count) noexcept override {
        for (unsigned i = 0; i < count; ++i) {
            const Packet packet(packets[i]);
            std::vector<uint8_t> frame(packet.length());
            packet.copy_out(0, frame.data(), packet.length());
            seen.push_back({interface, std::move(frame)});
            pool_.free(packet);
        }
    }
    PacketPool& pool_;
};

InterfaceFacts assumed(const layout::Interface& wish, unsigned id) {
    const net::MacAddress mac =
        wish.mac != 0 ? net::MacAddress::from_bits(wish.mac)
                      : net::MacAddress{{0x02, 0x5a, 0, 0, 0, static_cast<uint8_t>(id)}};
    return {true, mac, wish.mtu};
}

Facts facts_of(const layout::Snapshot& snapshot, const layout::State* state) {
    Facts facts;
    for (unsigned id = 0; id < facts.size(); ++id) {
        facts[id] = assumed(snapshot.interfaces[id], id);
        if (state == nullptr) continue;
        const auto status = state::interface_status(*state, static_cast<layout::InterfaceId>(id));
        if (!status || status->mac == 0) continue;
        facts[id] = {status->condition == layout::InterfaceCondition::up,
                     net::MacAddress::from_bits(status->mac), status->mtu};
    }
    return facts;
}

// Without a dataplane, no tunnel has heard anything.
std::span<const layout::TunnelState, layout::max_tunnels> tunnels_of(const layout::State* state) {
    static const auto nothing = std::make_unique<layout::TunnelState[]>(layout::max_tunnels);
    return std::span<const layout::TunnelState, layout::max_tunnels>(
        state != nullptr ? state->tunnels : nothing.get(), layout::max_tunnels);
}

std::unique_ptr<layout::Snapshot> published(const layout::Intent& intent) {
    auto snapshot = std::make_unique<layout::Snapshot>();
    if (!layout::copy_published(intent, *snapshot)) {
        throw std::runtime_error("nothing has been published yet");
    }
    return snapshot;
}

// As the dataplane knows the targets of forwards, if it knows these.
void mark_dead_targets(layout::Snapshot& snapshot, const layout::State* state) {
    if (state == nullptr || state->main.generation.load() != snapshot.generation) return;
    for (uint32_t t = 0; t < std::min(snapshot.nat.settings.target_count, layout::max_nat_targets);
         ++t) {
        if (state->main.is_dead(t)) snapshot.nat.targets[t].weight |= layout::target_is_dead;
    }
}

std::vector<NeighbourEntry> copy_of_neighbours(const layout::State* state) {
    std::vector<NeighbourEntry> entries(layout::max_neighbours);
    if (state == nullptr) return entries;
    for (size_t i = 0; i < entries.size(); ++i) {
        const NeighbourEntry& from = state->neighbours[i];
        entries[i].key = from.key.load();
        entries[i].link = from.link.load();
        entries[i].confirmed_ms = from.confirmed_ms.load();
        entries[i].requested_ms = from.requested_ms.load();
        entries[i].attempts = from.attempts.load();
        entries[i].changed_ms = from.changed_ms.load();
        entries[i].high = from.high.load();
        entries[i].low = from.low.load();
    }
    return entries;
}

// Where a rehearsal may count.
std::unique_ptr<layout::MulticastTable> copy_of_groups(const layout::State* state) {
    auto copy = std::make_unique<layout::MulticastTable>();
    if (state != nullptr) {
        std::memcpy(static_cast<void*>(copy.get()), &state->multicast, sizeof *copy);
    }
    return copy;
}

Packet packet_of(std::span<const uint8_t> frame, PacketPool& pool) {
    if (frame.size() > sizeof(net::EthernetHeader) + largest_packet) {
        throw std::runtime_error("the frame is too long");
    }
    const Packet packet = pool.allocate();
    if (!packet) throw std::bad_alloc();
    std::copy(frame.begin(), frame.end(), packet.data());
    packet.buffer()->data_len = static_cast<uint16_t>(frame.size());
    packet.buffer()->pkt_len = static_cast<uint32_t>(frame.size());
    return packet;
}

}  // namespace

Rehearsal rehearse(const layout::Intent& intent, const layout::State* state, layout::InterfaceId in,
                   std::span<const uint8_t> frame, uint64_t now_ns, const NatMemory& nat) {
    const auto snapshot = published(intent);
    mark_dead_targets(*snapshot, state);
    std::vector<NeighbourEntry> entries = copy_of_neighbours(state);
    NeighbourTable neighbours(entries);
    std::optional<NatCopy> sessions;
    if (snapshot->nat.settings.sessions > 0) {
        sessions.emplace(nat.sessions, nat.addresses,
                         static_cast<uint32_t>(now_ns / 1'000'000'000));
    }
    const auto facts = tunnel::facts_of_all(facts_of(*snapshot, state), *snapshot, intent.fib,
                                            tunnels_of(state), now_ns);
    const auto plan =
        compile(*snapshot, facts, neighbours, sessions ? sessions->supply() : nat::no_supply());

    HeapPool pool;
    Witness witness(pool);
    const auto waiting = std::make_unique<arp::Waiting>();
    const auto limiter = std::make_unique<icmp::RateLimiter>();
    const auto reassembler = std::make_unique<ipv4::Reassembler>();
    const auto counters = std::make_unique<layout::WorkerBlock>();
    const auto tunnels = std::make_unique<layout::TunnelState[]>(layout::max_tunnels);
    const auto multicast = copy_of_groups(state);
    Context context{.plan = plan.get(),
                    .routes = &intent.fib,
                    .now_ns = now_ns,
                    .neighbours = neighbours,
                    .limiter = *limiter,
                    .waiting = *waiting,
                    .reassembler = *reassembler,
                    .pool = pool,
                    .transmitter = witness,
                    .counters = *counters,
                    .tunnels = tunnels.get(),
                    .multicast = multicast.get(),
                    .nat = sessions ? &sessions->translator() : nullptr};
    const Packet packet = packet_of(frame, pool);
    Rehearsal result;
    result.record = trace::record_of(1, now_ns, in, packet);
    context.trace = &result.record;
    run_plain(context, in, packet);
    context.trace = nullptr;
    witness.flush();
    result.leaving = std::move(witness.seen);
    result.held = counters->tallies[static_cast<unsigned>(layout::Tally::packets_held)].get() > 0;
    waiting->clear(pool);
    reassembler->clear(pool);
    if (sessions) sessions->translator().clear(pool);
    return result;
}

net::MacAddress mac_of(const layout::Intent& intent, const layout::State* state,
                       layout::InterfaceId id) {
    return id < layout::max_ports ? facts_of(*published(intent), state)[id].mac : net::MacAddress{};
}

}  // namespace sluice::explain
