// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/condition.h"

#include <algorithm>

#include <fmt/format.h>

#include "dataplane/tunnel/overhead.h"
#include "dataplane/tunnel/send.h"
#include "lib/fib/reader.h"
#include "lib/time_units.h"

namespace sluice::tunnel {
namespace {

using layout::NextHop;
using layout::Snapshot;

constexpr uint64_t path_mtu_s = 600;
constexpr uint32_t least_path_mtu = 576;
constexpr uint32_t largest_mtu = 9216;
constexpr uint32_t least_mtu = 68;

bool leads_out(const NextHop& hop) noexcept {
    return hop.kind == layout::NextHopKind::gateway || hop.kind == layout::NextHopKind::connected;
}

// All that a tunnel's condition depends on.
struct Surroundings {
    const Snapshot& snapshot;
    const fib::Table& routes;
    std::span<const InterfaceFacts> ports;
    std::span<const layout::TunnelState, layout::max_tunnels> states;
    uint64_t now_ns;
};

// The interface that a packet to `remote` leaves by; of equal paths, the first that is up.
InterfaceId way_out(const Surroundings& around, uint32_t remote) noexcept {
    const Snapshot& s = around.snapshot;
    const NextHop& hop = s.next_hops[fib::find(around.routes, remote)];
    if (leads_out(hop)) return hop.interface;
    if (hop.kind != layout::NextHopKind::group) return layout::no_interface;
    InterfaceId way = layout::no_interface;
    for (uint32_t m = hop.first; m < hop.first + hop.count && m < layout::max_group_members; ++m) {
        const NextHop& member = s.next_hops[s.members[m] % layout::max_next_hops];
        if (!leads_out(member)) continue;
        way = member.interface;
        if (way >= around.ports.size() || around.ports[way].up) break;
    }
    return way;
}

struct Path {
    Obstacle obstacle;
    InterfaceId by;
    uint32_t mtu;
};

// What a packet may have that the tunnel takes in, if its own way carries this much.
uint32_t mtu_within(unsigned place, uint32_t outer, const Surroundings& around) noexcept {
    const layout::Tunnel& wish = around.snapshot.tunnels[place];
    if (const uint32_t told = path_mtu(around.states[place], around.now_ns); told != 0) {
        outer = std::min(outer, told);
    }
    const uint32_t mtu = std::min(outer - std::min(outer, overhead_of(wish)), largest_mtu);
    return wish.mtu != 0 ? std::min<uint32_t>(mtu, wish.mtu) : mtu;
}

// A tunnel's remote may be behind another tunnel, but not without end.
Path path_to(uint32_t remote, unsigned place, unsigned depth, const Surroundings& around) noexcept {
    const InterfaceId by = way_out(around, remote);
    if (by == layout::no_interface) return {Obstacle::no_route, by, 0};
    if (by == layout::max_ports + place || depth == most_nested) {
        return {Obstacle::leads_back, by, 0};
    }
    if (layout::is_tunnel(by)) {
        const unsigned next = by - layout::max_ports;
        const Path path = path_to(around.snapshot.tunnels[next].remote, place, depth + 1, around);
        return {path.obstacle, by, mtu_within(next, path.mtu, around)};
    }
    if (by >= around.ports.size()) return {Obstacle::no_route, by, 0};
    const layout::Interface& port = around.snapshot.interfaces[by];
    const bool up = around.ports[by].up && port.enabled != 0;
    return {up ? Obstacle::none : Obstacle::link_down, by,
            std::min(around.ports[by].mtu, port.mtu)};
}

bool answers(const layout::Tunnel& wish, const layout::TunnelState& state,
             uint64_t now_ns) noexcept {
    if (wish.keepalive_s == 0) return true;
    const uint64_t patience_ns = uint64_t{wish.keepalive_s} * wish.keepalive_attempts * second_ns;
    const uint64_t answered = state.answered_ns.load(std::memory_order_relaxed);
    return answered != 0 && now_ns - std::min(answered, now_ns) <= patience_ns;
}

}  // namespace

Condition condition_of(unsigned place, const Snapshot& s, const fib::Table& routes,
                       std::span<const InterfaceFacts> ports,
                       std::span<const layout::TunnelState, layout::max_tunnels> states,
                       uint64_t now_ns) noexcept {
    const layout::Tunnel& wish = s.tunnels[place];
    if (wish.enabled == 0) return {Obstacle::disabled, layout::no_interface, 0};
    const Surroundings around{s, routes, ports, states, now_ns};
    const Path path = path_to(wish.remote, place, 0, around);
    Condition condition{path.obstacle, path.by, 0};
    if (condition.is_up() && !answers(wish, states[place], now_ns)) {
        condition.obstacle = Obstacle::no_answer;
    }
    condition.mtu = std::max(mtu_within(place, path.mtu, around), least_mtu);
    return condition;
}

std::vector<InterfaceFacts> facts_of_all(
    std::span<const InterfaceFacts> ports, const Snapshot& s, const fib::Table& routes,
    std::span<const layout::TunnelState, layout::max_tunnels> states, uint64_t now_ns) {
    std::vector<InterfaceFacts> facts(layout::max_interfaces);
    std::copy_n(ports.begin(), std::min<size_t>(ports.size(), layout::max_ports), facts.begin());
    for (unsigned place = 0; place < layout::max_tunnels; ++place) {
        if (s.tunnels[place].name[0] == '\0') continue;
        const Condition now = condition_of(place, s, routes, ports, states, now_ns);
        facts[layout::max_ports + place] = {now.is_up(), {}, now.mtu};
    }
    return facts;
}

std::string sentence(const Condition& condition, const Snapshot& s) {
    const auto name = [&]() -> std::string {
        if (condition.by < layout::max_ports) return s.interfaces[condition.by].name;
        if (layout::is_tunnel(condition.by))
            return s.tunnels[condition.by - layout::max_ports].name;
        return "?";
    };
    switch (condition.obstacle) {
        case Obstacle::none:
        case Obstacle::disabled: return {};
        case Obstacle::no_route: return "no route leads to the remote";
        case Obstacle::leads_back:
            return fmt::format("the way to the remote leads through the tunnel itself (by {})",
                               name());
        case Obstacle::link_down:
            return fmt::format("the way to the remote is by {}, which is down", name());
        case Obstacle::no_answer: return "the remote does not answer keepalives";
    }
    return {};
}

uint64_t identity_of(const layout::Tunnel& wish) noexcept {
    uint64_t x = uint64_t{wish.local} << 32 | wish.remote;
    for (const uint64_t part :
         {uint64_t{wish.key}, uint64_t{wish.has_key}, static_cast<uint64_t>(wish.kind),
          uint64_t{wish.sequence}, uint64_t{wish.udp_port}}) {
        x = (x ^ part) * 0xff51afd7ed558ccd;
        x ^= x >> 29;
    }
    return x | 1;
}

uint32_t path_mtu(const layout::TunnelState& state, uint64_t now_ns) noexcept {
    const uint64_t word = state.path_mtu.load(std::memory_order_relaxed);
    const uint64_t told_s = word & ((uint64_t{1} << 48) - 1);
    const bool fresh = word != 0 && now_ns / second_ns - told_s < path_mtu_s;
    return fresh ? static_cast<uint32_t>(word >> 48) : 0;
}

void learn_path_mtu(layout::TunnelState& state, uint32_t mtu, uint64_t now_ns) noexcept {
    const uint64_t believed = std::clamp(mtu, least_path_mtu, largest_mtu);
    state.path_mtu.store(believed << 48 | now_ns / second_ns, std::memory_order_relaxed);
}

}  // namespace sluice::tunnel
