// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/plan.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "dataplane/arp/neighbour_table.h"

namespace sluice {
namespace {

using layout::NextHop;
using layout::Snapshot;

template <typename... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
    throw std::runtime_error(fmt::format(format, std::forward<Args>(args)...));
}

void check_counts(const Snapshot& s) {
    const auto at_most = [](const char* what, uint32_t count, uint32_t limit) {
        if (count > limit) refuse("snapshot: {} {}, at most {} fit", count, what, limit);
    };
    at_most("addresses", s.address_count, layout::max_addresses);
    at_most("static neighbours", s.neighbour_count, layout::max_static_neighbours);
    at_most("group members", s.member_count, layout::max_group_members);
    at_most("next hops", s.next_hop_count, layout::max_next_hops);
    at_most("workers", s.dataplane.workers, layout::max_workers);
    at_most("cores", s.dataplane.core_count, layout::max_workers);
}

InterfaceId checked_interface(const Snapshot& s, InterfaceId id, const char* who) {
    if (!layout::has_interface(s, id)) {
        refuse("snapshot: {} is on interface {}, which does not exist", who, id);
    }
    return id;
}

void add_interfaces(Plan& plan, const Snapshot& s, std::span<const InterfaceFacts> facts) {
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        const layout::Interface& wish = s.interfaces[id];
        PlanInterface& i = plan.interfaces[id];
        if (wish.name[0] == '\0') continue;
        i.mac = facts[id].mac;
        i.up = facts[id].up && wish.enabled != 0;
        i.mtu = std::min(facts[id].mtu, wish.mtu);
        i.address_queues = facts[id].address_queues;
        i.port_queues = facts[id].port_queues;
        i.redirects = wish.redirects != 0;
        i.reverse_path = wish.reverse_path;
        i.proxy_arp = wish.proxy_arp != 0;
        i.directed_broadcast = wish.directed_broadcast != 0;
        i.source_routing = wish.source_routing != 0;
    }
}

void add_bridge(Plan& plan, const Snapshot& s, InterfaceId tunnel, InterfaceId port) {
    const layout::Tunnel& wish = s.tunnels[tunnel - layout::max_ports];
    if (wish.kind != layout::TunnelKind::gre ||
        layout::is_tunnel(checked_interface(s, port, "a bridge"))) {
        refuse("snapshot: tunnel {} is bridged, which takes GRE and a port", tunnel);
    }
    if (plan.interfaces[port].is_bridged()) refuse("snapshot: port {} is bridged twice", port);
    plan.interfaces[port].bridged_with = tunnel;
    plan.interfaces[tunnel].bridged_with = port;
}

void add_tunnels(Plan& plan, const Snapshot& s, std::span<const InterfaceFacts> facts) {
    plan.tunnels = tunnel::Tunnels::compile(s);
    for (unsigned n = 0; n < layout::max_tunnels; ++n) {
        const layout::Tunnel& wish = s.tunnels[n];
        if (wish.name[0] == '\0') continue;
        const auto id = static_cast<InterfaceId>(layout::max_ports + n);
        PlanInterface& i = plan.interfaces[id];
        i.up = facts[id].up && wish.enabled != 0;
        i.mtu = facts[id].mtu;
        i.reverse_path = wish.reverse_path;
        if (wish.port != layout::no_interface) add_bridge(plan, s, id, wish.port);
    }
}

void add_multicast(Plan& plan, const Snapshot& s) {
    plan.multicast = s.multicast;
    if (s.multicast.interface_count > layout::max_multicast_interfaces) {
        refuse("snapshot: {} interfaces for multicast, at most {} fit", s.multicast.interface_count,
               layout::max_multicast_interfaces);
    }
    for (uint32_t n = 0; n < s.multicast.interface_count; ++n) {
        const InterfaceId id =
            checked_interface(s, s.multicast.interfaces[n].interface, "multicast");
        PlanInterface& i = plan.interfaces[id];
        if (i.multicast != 0 || i.is_bridged()) {
            refuse("snapshot: interface {} can not forward multicast twice, nor bridged", id);
        }
        i.multicast = static_cast<uint8_t>(n + 1);
    }
}

void add_broadcast_relay(Plan& plan, const Snapshot& s) {
    const layout::BroadcastRelay& wish = s.broadcast_relay;
    if (wish.interface_count == 1 || wish.interface_count > layout::max_multicast_interfaces ||
        wish.port_count > layout::max_relayed_ports) {
        refuse("snapshot: broadcasts to {} ports are relayed between {} interfaces",
               wish.port_count, wish.interface_count);
    }
    plan.broadcast_relay = wish;
    for (uint32_t n = 0; n < wish.interface_count; ++n) {
        PlanInterface& i =
            plan.interfaces[checked_interface(s, wish.interfaces[n], "a relay of broadcasts")];
        if (i.relays_broadcasts || i.is_bridged()) {
            refuse("snapshot: interface {} can not relay broadcasts twice, nor bridged",
                   wish.interfaces[n]);
        }
        i.relays_broadcasts = true;
    }
}

// By interface, each one's in the snapshot's order: the first is the one that it speaks from.
void add_addresses(Plan& plan, const Snapshot& s) {
    std::vector<layout::Address> all(s.addresses, s.addresses + s.address_count);
    std::stable_sort(all.begin(), all.end(),
                     [](auto& a, auto& b) { return a.interface < b.interface; });
    std::vector<uint32_t> own;
    for (const layout::Address& a : all) {
        PlanInterface& i = plan.interfaces[checked_interface(s, a.interface, "an address")];
        if (a.length > 32) refuse("snapshot: an address of {} bits", a.length);
        if (i.address_count++ == 0) i.first_address = static_cast<uint16_t>(plan.addresses.size());
        plan.addresses.push_back({{a.address}, a.length});
        own.push_back(a.address);
        const net::InterfaceAddress& added = plan.addresses.back();
        if (!added.has_broadcast()) continue;
        own.push_back(added.network().last().value);
        own.push_back(added.network().address.value);  // the old form of it
    }
    plan.own = OwnAddresses(std::move(own));
}

// The highest of the living members' weights wins the bucket. Weights depend on the next hop
// itself, not on its place in the list, so that a longer list moves no more than it must.
uint64_t weight(const NextHop& member, unsigned bucket) noexcept {
    uint64_t x = static_cast<uint64_t>(member.interface) << 40 ^
                 static_cast<uint64_t>(member.address) << 8 ^ bucket;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

bool is_alive(const Plan& plan, uint16_t id, const NeighbourTable& neighbours) noexcept {
    const Adjacency& a = plan.adjacencies[id];
    const PlanInterface& out = plan.interfaces[a.interface];
    if (!out.up || out.is_bridged()) return false;
    return a.kind != NextHopKind::gateway || a.index == NeighbourTable::none ||
           neighbours.link(a.index).condition() != NeighbourCondition::failed;
}

Group deal_buckets(const Plan& plan, const Snapshot& s, const NextHop& group,
                   const NeighbourTable& neighbours) {
    std::vector<uint16_t> living;
    for (uint32_t m = group.first; m < group.first + group.count; ++m) {
        if (is_alive(plan, s.members[m], neighbours)) living.push_back(s.members[m]);
    }
    Group dealt{};
    for (unsigned b = 0; b < Group::buckets && !living.empty(); ++b) {
        dealt.bucket[b] = *std::max_element(living.begin(), living.end(), [&](auto x, auto y) {
            return weight(s.next_hops[x], b) < weight(s.next_hops[y], b);
        });
    }
    return dealt;  // without living members: id 0, which leads nowhere
}

void add_next_hop(Plan& plan, const Snapshot& s, uint16_t id, NeighbourTable& neighbours) {
    const NextHop& wish = s.next_hops[id];
    Adjacency& a = plan.adjacencies[id];
    switch (wish.kind) {
        case NextHopKind::gateway:
        case NextHopKind::connected: {
            a.interface = checked_interface(s, wish.interface, "a next hop");
            const PlanInterface& out = plan.interfaces[a.interface];
            if (out.is_bridged()) {
                a.kind = NextHopKind::unreachable;
                return;
            }
            a.mtu = out.up ? static_cast<uint16_t>(out.mtu) : 0;
            if (layout::is_tunnel(a.interface)) {
                plan.gateways[id] = wish.address;
                a.index = plan.tunnels->place_of(a.interface);
                a.kind = NextHopKind::tunnel;
                return;
            }
            if (wish.kind == NextHopKind::gateway) {
                plan.gateways[id] = wish.address;
                a.index =
                    neighbours.find_or_add(a.interface, {wish.address}, 0, layout::max_neighbours);
                if (a.index != NeighbourTable::none) {
                    neighbours.set_flag(a.index, NeighbourLink::pinned_bit, true);
                }
            }
            break;
        }
        case NextHopKind::local:
        case NextHopKind::broadcast:
            a.interface = checked_interface(s, wish.interface, "an address");
            break;
        case NextHopKind::group:
        case NextHopKind::none:
        case NextHopKind::blackhole:
        case NextHopKind::unreachable:
        case NextHopKind::prohibit:
        case NextHopKind::martian:
        case NextHopKind::multicast:
        case NextHopKind::translated: break;
        default:
            refuse("snapshot: next hop {} is of unknown kind {}", id,
                   static_cast<unsigned>(wish.kind));
    }
    a.kind = wish.kind;
}

void add_group(Plan& plan, const Snapshot& s, uint16_t id, const NeighbourTable& neighbours) {
    const NextHop& wish = s.next_hops[id];
    if (wish.count == 0 || wish.count > layout::max_group_size || wish.first > s.member_count ||
        wish.count > s.member_count - wish.first) {
        refuse("snapshot: group {} has members {} to {} of {}", id, wish.first,
               wish.first + wish.count, s.member_count);
    }
    for (uint32_t m = wish.first; m < wish.first + wish.count; ++m) {
        const uint16_t member = s.members[m];
        const bool leads_out =
            member < s.next_hop_count && (s.next_hops[member].kind == NextHopKind::gateway ||
                                          s.next_hops[member].kind == NextHopKind::connected);
        if (!leads_out) refuse("snapshot: member {} of group {} is no next hop", member, id);
    }
    plan.adjacencies[id].index = static_cast<uint32_t>(plan.groups.size());
    plan.groups.push_back(deal_buckets(plan, s, wish, neighbours));
}

void add_static_neighbours(const Snapshot& s, NeighbourTable& neighbours) {
    for (uint32_t n = 0; n < s.neighbour_count; ++n) {
        const layout::StaticNeighbour& wish = s.neighbours[n];
        const uint32_t place =
            neighbours.find_or_add(checked_interface(s, wish.interface, "a neighbour"),
                                   {wish.address}, 0, layout::max_neighbours);
        if (place == NeighbourTable::none) continue;
        neighbours.set_static(place, net::MacAddress::from_bits(wish.mac), 0);
    }
}

}  // namespace

std::optional<net::Ipv4Address> Plan::source_towards(InterfaceId id,
                                                     net::Ipv4Address to) const noexcept {
    const auto own = addresses_of(id);
    if (own.empty()) return std::nullopt;
    const auto near = std::find_if(own.begin(), own.end(), [&](const net::InterfaceAddress& a) {
        return a.network().contains(to);
    });
    return (near != own.end() ? *near : own.front()).address;
}

bool Plan::is_own(InterfaceId id, net::Ipv4Address address) const noexcept {
    const auto own = addresses_of(id);
    return std::any_of(own.begin(), own.end(), [&](auto& a) { return a.address == address; });
}

bool Plan::is_on_link(InterfaceId id, net::Ipv4Address address) const noexcept {
    const auto own = addresses_of(id);
    return std::any_of(own.begin(), own.end(),
                       [&](auto& a) { return a.network().contains(address); });
}

std::unique_ptr<const Plan> compile(const Snapshot& s, std::span<const InterfaceFacts> facts,
                                    NeighbourTable& neighbours, const nat::Supply& nat_supply) {
    check_counts(s);
    auto plan = std::make_unique<Plan>();
    plan->generation = s.generation;
    plan->arp = s.arp;
    plan->icmp = s.icmp;
    add_interfaces(*plan, s, facts);
    add_tunnels(*plan, s, facts);
    add_multicast(*plan, s);
    add_broadcast_relay(*plan, s);
    add_addresses(*plan, s);
    plan->ipv6 = ipv6::Routing::compile(s, *plan);
    add_static_neighbours(s, neighbours);
    plan->nat = nat::Rules::compile(s, nat_supply);
    // Groups come last: their members must be known, and must not be groups themselves.
    for (uint32_t id = 1; id < s.next_hop_count; ++id) {
        add_next_hop(*plan, s, static_cast<uint16_t>(id), neighbours);
    }
    for (uint32_t id = 1; id < s.next_hop_count; ++id) {
        if (s.next_hops[id].kind == NextHopKind::group) {
            add_group(*plan, s, static_cast<uint16_t>(id), neighbours);
        }
    }
    return plan;
}

void release_unreferenced(const Plan& plan, const Snapshot& s, NeighbourTable& neighbours) {
    std::vector<bool> pinned(neighbours.size()), fixed(neighbours.size());
    for (uint32_t id = 0; id < s.next_hop_count; ++id) {
        const Adjacency& a = plan.adjacencies[id];
        if (a.kind == NextHopKind::gateway && a.index < pinned.size()) pinned[a.index] = true;
    }
    for (uint32_t n = 0; n < s.neighbour_count; ++n) {
        const uint32_t place =
            neighbours.find(s.neighbours[n].interface, {s.neighbours[n].address});
        if (place != NeighbourTable::none) fixed[place] = true;
    }
    for (uint32_t place = 0; place < neighbours.size(); ++place) {
        const NeighbourLink link = neighbours.link(place);
        if (link.pinned() && !pinned[place]) {
            neighbours.set_flag(place, NeighbourLink::pinned_bit, false);
        }
        if (link.is_static() && !fixed[place]) {
            neighbours.set_flag(place, NeighbourLink::static_bit, false);
        }
    }
}

}  // namespace sluice
