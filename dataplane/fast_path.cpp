// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/fast_path.h"

#include <algorithm>
#include <array>
#include <span>

#include "dataplane/arp/neighbour_table.h"
#include "dataplane/classify.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/ipv4/screen_source.h"
#include "dataplane/nat/burst.h"
#include "dataplane/nat/open_burst.h"
#include "dataplane/stage_clock.h"
#include "dataplane/tunnel/burst.h"

namespace sluice::fast_path {
namespace {

using layout::Stage;

// Moves to the front of a burst what was neither sent, nor taken out of a tunnel, nor refused by
// the NAT; returns how many that are. As all of these are in the order in which they came, so is
// what the plain way sees to.
unsigned keep_the_rest(std::span<rte_mbuf*> burst, std::span<rte_mbuf* const> sent,
                       std::span<rte_mbuf* const> taken_out,
                       std::span<const rte_mbuf* const> refused) noexcept {
    if (sent.size() + taken_out.size() + refused.size() == burst.size()) [[likely]]
        return 0;
    const auto is_next_of = [](auto& done, const rte_mbuf* m) {
        if (done.empty() || done.front() != m) return false;
        done = done.subspan(1);
        return true;
    };
    unsigned rest = 0;
    for (rte_mbuf* m : burst) {
        if (is_next_of(sent, m) || is_next_of(taken_out, m) || is_next_of(refused, m)) continue;
        burst[rest++] = m;
    }
    return rest;
}

// Whether each source is reached by the interface it came from, all looked up at once.
unsigned keep_right_ways(const Context& c, InterfaceId in, Columns& col, unsigned n) noexcept {
    std::array<uint32_t, burst_size> source;
    std::array<uint16_t, burst_size> route;
    for (unsigned i = 0; i < n; ++i) {
        source[i] = __builtin_bswap32(load<uint32_t>(col.frame[i] + source_at));
    }
    fib::find_bulk(*c.routes, source.data(), route.data(), n);
    unsigned kept = 0;
    for (unsigned i = 0; i < n; ++i) {
        if (ipv4::comes_the_right_way(*c.plan, route[i], in)) move_row(col, i, kept++);
    }
    return kept;
}

// The neighbour's link bits, or none that is usable.
uint64_t link_of(const Context& c, Adjacency a, uint32_t destination) noexcept {
    if (a.kind == NextHopKind::gateway) [[likely]] {
        return a.index == NeighbourTable::none ? 0 : c.neighbours.link(a.index).bits();
    }
    if (a.kind != NextHopKind::connected) return 0;
    const uint32_t place = c.neighbours.find(a.interface, {destination});
    return place == NeighbourTable::none ? 0 : c.neighbours.link(place).bits();
}

template <bool Nat>
Adjacency adjacency_of(const Plan& plan, const Columns& col, unsigned i) noexcept {
    const Adjacency a = plan.adjacencies[col.next_hop[i]];
    if (a.kind != NextHopKind::group) [[likely]]
        return a;
    return plan.adjacencies[plan.member(a, Nat ? col.hash[i] : flow_hash_of(col, i))];
}

bool redirects(const Plan& plan, InterfaceId in) noexcept {
    return in != layout::no_interface && plan.interfaces[in].redirects;
}

// Whether a packet without a session leaves by where it might need one.
template <bool Nat>
bool needs_session(const Plan& plan, const Columns& col, unsigned i, Adjacency a) noexcept {
    if constexpr (!Nat) return false;
    return !col.flow[i].exists() && plan.nat->concerns(a.interface);
}

// Rows that can not go out the fast way are closed up.
template <bool Nat, bool Enters>
unsigned resolve(const Context& c, InterfaceId in, Columns& col, unsigned n) noexcept {
    const Plan& plan = *c.plan;
    // A packet that leaves by where it came from may deserve a redirect.
    const InterfaceId back = redirects(plan, in) ? in : layout::no_interface;
    const bool is_inner = in == layout::no_interface;
    unsigned kept = 0;
    for (unsigned i = 0; i < n; ++i) {
        const Adjacency a = adjacency_of<Nat>(plan, col, i);
        const tunnel::Tunnel* t = Enters ? col.tunnel[i] : nullptr;
        // Outer packets are the router's own.
        const bool begins = t == nullptr && needs_session<Nat>(plan, col, i, a);
        // What begins out of a tunnel is the plain way's.
        const bool stays = t == nullptr && (a.interface == back || (begins && is_inner));
        const uint32_t length = col.total_length[i] + (t == nullptr ? 0 : t->overhead);
        const uint64_t link = link_of(c, a, col.destination[i]);
        if (!NeighbourLink(link).usable() || length > a.mtu || stays) [[unlikely]]
            continue;
        if constexpr (Enters) col.tunnel[kept] = t;
        if (kept != i) [[unlikely]] {
            move_row(col, i, kept);
            if constexpr (Nat) {
                col.flow[kept] = col.flow[i];
                col.hash[kept] = col.hash[i];
                col.key_hash[kept] = col.key_hash[i];
                col.next_hop[kept] = col.next_hop[i];
            }
        }
        if (begins) [[unlikely]]
            col.begins |= uint64_t{1} << kept;
        col.mac[kept] = link;
        col.out[kept] = a.interface;
        ++kept;
    }
    return kept;
}

using Resolve = unsigned (*)(const Context&, InterfaceId, Columns&, unsigned) noexcept;

Resolve resolver(bool nat, bool enters) noexcept {
    if (enters) return nat ? resolve<true, true> : resolve<false, true>;
    return nat ? resolve<true, false> : resolve<false, false>;
}

// New MAC addresses, ttl and checksum; padding is cut off. A chain ends where its packet does
// (classify), so only its length is written, which does not change it.
void rewrite(const Plan& plan, const Columns& col, unsigned n) noexcept {
    for (unsigned i = 0; i < n; ++i) {
        uint8_t* frame = col.frame[i];
        const uint64_t source = plan.interfaces[col.out[i]].mac.as_bits();
        store(frame, (col.mac[i] & NeighbourLink::mac_mask) | source << 48);
        store(frame + 8, static_cast<uint32_t>(source >> 16));
        store(frame + ttl_at, col.aged[i]);

        rte_mbuf& m = *col.packet[i];
        const uint32_t length = ethernet_header + col.total_length[i];
        m.pkt_len = length;
        m.data_len = static_cast<uint16_t>(std::min<uint32_t>(m.data_len, length));
    }
}

// From rows of candidates to the transmitter; those that need the plain way are closed up. Returns
// how many rows were sent. `in`: none for what came out of tunnels.
unsigned carry(Context& c, InterfaceId in, Columns& col, unsigned n, StageClock& clock) noexcept {
    const Plan& plan = *c.plan;
    const bool translates = plan.nat != nullptr && c.nat != nullptr;
    // Equal paths of what is translated the plain way alone tells apart.
    const bool enters = plan.tunnels != nullptr && !(translates && !plan.groups.empty());
    if (translates && n > 0) {
        n = nat::find_sessions(c, col, n);
        clock.lap(Stage::nat, n);
    }
    if (n == 0) return 0;

    fib::find_bulk(*c.routes, col.destination.data(), col.next_hop.data(), n);
    clock.lap(Stage::lookup, n);
    if (enters) tunnel::find_ways_in(c, col, n);
    n = resolver(translates, col.some_enter)(c, in, col, n);
    clock.lap(Stage::resolve, n);
    if (translates) {
        if (col.begins != 0) n = nat::open_flows(c, in, col, n);
        nat::rewrite_found(c, col, n);
        clock.lap(Stage::nat, 0);  // the other half of it
    }
    if (col.some_enter) {
        tunnel::encapsulate(c, col, n);
        clock.lap(Stage::tunnel, n);
    }
    rewrite(plan, col, n);
    c.transmitter.send(col.out.data(), col.packet.data(), n);
    clock.lap(Stage::rewrite, n);
    return n;
}

}  // namespace

unsigned forward(Context& c, InterfaceId in, rte_mbuf** packets, unsigned count, Counted counted,
                 tunnel::Inner& inner) noexcept {
    Columns col;
    uint64_t bytes = 0;
    const Plan& plan = *c.plan;
    StageClock clock(c);
    unsigned n =
        classify({plan.interfaces[in].mac.as_bits(), plan.own}, {packets, count}, col, bytes);
    if (counted == Counted::not_yet) {
        auto& counters = c.counters.interfaces[in];
        counters.rx_packets.add(count);
        counters.rx_bytes.add(bytes);
    }
    if (plan.interfaces[in].reverse_path != layout::ReversePath::off) {
        n = keep_right_ways(c, in, col, n);
    }
    clock.lap(Stage::classify, count);
    if (plan.tunnels != nullptr) {
        n = tunnel::take_out(c, col, n, inner);
        clock.lap(Stage::tunnel, inner.count);
    }
    n = carry(c, in, col, n, clock);
    return keep_the_rest({packets, count}, {col.packet.data(), n},
                         {inner.packets.data(), inner.count},
                         {col.refused.data(), col.refused_count});
}

unsigned forward_inner(Context& c, tunnel::Inner& inner) noexcept {
    Columns col;
    uint64_t bytes = 0;
    StageClock clock(c);
    constexpr uint64_t nobody = 0;
    const std::span<rte_mbuf*> burst(inner.packets.data(), inner.count);
    unsigned n = classify({nobody, c.plan->own}, burst, col, bytes);
    clock.lap(Stage::classify, inner.count);
    n = carry(c, layout::no_interface, col, n, clock);
    return keep_the_rest(burst, {col.packet.data(), n}, {},
                         {col.refused.data(), col.refused_count});
}

}  // namespace sluice::fast_path
