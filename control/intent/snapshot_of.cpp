// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/snapshot_of.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "control/intent/nat_snapshot.h"
#include "lib/layout/text.h"

namespace sluice::intent {
namespace {

using layout::Snapshot;

void fill_settings(Snapshot& s, const config::Config& config) {
    s.dataplane = {};
    s.dataplane.workers = config.dataplane.workers.value_or(0);
    s.dataplane.core_count =
        static_cast<uint32_t>(std::min<size_t>(config.dataplane.cores.size(), layout::max_workers));
    std::copy_n(config.dataplane.cores.begin(), s.dataplane.core_count, s.dataplane.cores);
    s.dataplane.busy_polling = config.dataplane.polling == config::Polling::busy;
    s.dataplane.buffers = config.dataplane.buffers;
    s.arp = {config.arp.reachable_s * 1000, config.arp.stale_s * 1000, config.arp.retry_s * 1000,
             config.arp.attempts,           config.arp.max_entries,    0};
    s.icmp = {config.icmp.errors_per_second, config.icmp.errors_per_source_per_second};
}

void fill_interface(layout::Interface& to, const config::Interface& from) {
    to = {};
    layout::copy_text(to.name, from.name);
    layout::copy_text(to.device, from.device);
    to.mac = from.mac ? from.mac->as_bits() : 0;
    to.mtu = from.mtu;
    to.rx_queues = from.rx_queues.value_or(0);
    to.rx_descriptors = from.rx_descriptors;
    to.tx_descriptors = from.tx_descriptors;
    to.enabled = from.enabled;
    to.promiscuous = from.promiscuous;
    to.proxy_arp = from.proxy_arp;
    to.redirects = from.redirects;
    to.reverse_path = static_cast<layout::ReversePath>(from.reverse_path);
    to.directed_broadcast = from.directed_broadcast;
    to.source_routing = from.source_routing;
    to.router_advertisements = from.router_advertisements;
}

layout::Tunnel wish_of(const config::Interface& from, const Places& places) {
    const config::Tunnel& wish = *from.tunnel;
    layout::Tunnel to{};
    layout::copy_text(to.name, from.name);
    to.local = wish.local.value;
    to.remote = wish.remote.value;
    to.key = wish.key.value_or(0);
    to.kind =
        wish.type == config::TunnelType::gre ? layout::TunnelKind::gre : layout::TunnelKind::ipip;
    to.enabled = from.enabled;
    to.has_key = wish.key.has_value();
    to.checksum = wish.checksum;
    to.sequence = wish.sequence;
    to.ttl = static_cast<uint8_t>(wish.ttl.value_or(0));
    to.dscp = static_cast<uint8_t>(wish.dscp.value_or(layout::Tunnel::inner_dscp));
    to.dont_fragment = static_cast<layout::TunnelDontFragment>(wish.dont_fragment);
    to.any_remote = wish.any_remote;
    to.clamp_mss = wish.clamp_mss;
    to.reverse_path = static_cast<layout::ReversePath>(from.reverse_path);
    to.keepalive_attempts = static_cast<uint8_t>(wish.keepalive_attempts);
    to.keepalive_s = static_cast<uint16_t>(wish.keepalive_s);
    to.mtu = wish.mtu.value_or(0);
    to.udp_port = wish.udp_port.value_or(0);
    to.port = wish.bridge.empty() ? layout::no_interface : places.find(wish.bridge);
    to.spread =
        wish.sequence ? layout::TunnelSpread::off : static_cast<layout::TunnelSpread>(wish.spread);
    return to;
}
static_assert(static_cast<int>(config::TunnelDontFragment::clear) ==
              static_cast<int>(layout::TunnelDontFragment::clear));
static_assert(static_cast<int>(config::TunnelSpread::off) ==
              static_cast<int>(layout::TunnelSpread::off));
static_assert(static_cast<int>(config::ReversePath::loose) ==
              static_cast<int>(layout::ReversePath::loose));

// Frames for any station are wanted of a port that is bridged.
void add_bridges(Snapshot& s) {
    for (const layout::Tunnel& t : s.tunnels) {
        if (t.name[0] != '\0' && t.port < layout::max_ports) s.interfaces[t.port].promiscuous = 1;
    }
}

void add_interfaces(Snapshot& s, const config::Config& config, const Places& places,
                    std::vector<bool>& exists) {
    for (const config::Interface& i : config.interfaces) {
        const layout::InterfaceId id = places.find(i.name);
        if (exists[id]) continue;
        exists[id] = true;
        if (i.tunnel) {
            s.tunnels[id - layout::max_ports] = wish_of(i, places);
        } else {
            fill_interface(s.interfaces[id], i);
        }
        for (const net::Ipv6InterfaceAddress& a : i.addresses6) {
            if (s.ipv6.address_count == layout::max_addresses6) {
                throw std::runtime_error(
                    fmt::format("more than {} IPv6 addresses", layout::max_addresses6));
            }
            s.ipv6.addresses[s.ipv6.address_count++] = {
                a.address.high, a.address.low, id, a.length, {}};
        }
        for (const net::InterfaceAddress& a : i.addresses) {
            if (s.address_count == layout::max_addresses) {
                throw std::runtime_error(
                    fmt::format("more than {} addresses", layout::max_addresses));
            }
            s.addresses[s.address_count++] = {a.address.value, id, a.length, 0};
        }
    }
}

// Members are heard by frames for their groups, for any of which the port must listen.
void fill_multicast(Snapshot& s, const config::Multicast& wish, const Places& places) {
    s.multicast = {};
    s.multicast.interface_count = static_cast<uint32_t>(wish.interfaces.size());
    s.multicast.max_groups = wish.max_groups;
    s.multicast.query_interval_s = wish.query_interval_s;
    s.multicast.response_tenths = static_cast<uint16_t>(wish.response_s * 10);
    s.multicast.robustness = wish.robustness;
    for (size_t n = 0; n < wish.interfaces.size(); ++n) {
        const config::MulticastInterface& i = wish.interfaces[n];
        const layout::InterfaceId id = places.find(i.name);
        s.multicast.interfaces[n] = {id, i.max_groups, i.querier && !i.all, i.all, {}};
        if (id < layout::max_ports) s.interfaces[id].promiscuous = 1;
    }
}

void fill_broadcast_relay(Snapshot& s, const config::BroadcastRelay& wish, const Places& places) {
    s.broadcast_relay = {};
    for (const std::string& name : wish.interfaces) {
        s.broadcast_relay.interfaces[s.broadcast_relay.interface_count++] = places.find(name);
    }
    for (const uint16_t port : wish.udp_ports) {
        s.broadcast_relay.ports[s.broadcast_relay.port_count++] = port;
    }
}

// Its port may be another tunnel's already, or be routed.
void unbridge_leaving(Snapshot& s, const config::Config& staying) {
    for (layout::Tunnel& t : s.tunnels) {
        if (t.name[0] == '\0' || t.port == layout::no_interface) continue;
        if (config::find_interface(staying, t.name) == nullptr) t.port = layout::no_interface;
    }
}

layout::NextHopKind kind_of(const config::Route6& route) {
    switch (route.type) {
        case config::RouteType::blackhole: return layout::NextHopKind::blackhole;
        case config::RouteType::unreachable: return layout::NextHopKind::unreachable;
        case config::RouteType::prohibit: return layout::NextHopKind::prohibit;
        case config::RouteType::unicast: break;
    }
    return route.via ? layout::NextHopKind::gateway : layout::NextHopKind::connected;
}

// As many as the configuration lets in.
void add_routes6(Snapshot& s, const config::Config& config, const Places& places) {
    for (const config::Route6& r : config.routes6) {
        const net::Ipv6Address via = r.via.value_or(net::Ipv6Address{});
        const layout::InterfaceId id =
            r.interface.empty() ? layout::no_interface : places.find(r.interface);
        s.ipv6.routes[s.ipv6.route_count++] = {
            r.prefix.address.high, r.prefix.address.low, via.high, via.low, id,
            r.prefix.length,       kind_of(r),           {}};
    }
}
static_assert(config::max_routes6 == layout::max_routes6);
static_assert(config::max_addresses6 == layout::max_addresses6);

void add_neighbour(Snapshot& s, layout::InterfaceId id, net::Ipv4Address address,
                   net::MacAddress mac, bool run_time) {
    if (s.neighbour_count == layout::max_static_neighbours) {
        throw std::runtime_error(
            fmt::format("more than {} static neighbours", layout::max_static_neighbours));
    }
    s.neighbours[s.neighbour_count++] = {mac.as_bits(), address.value, id, run_time, {}};
}

}  // namespace

void fill(Snapshot& s, const Wishes& wishes, routes::NextHops& next_hops) {
    fill_settings(s, wishes.config);
    std::vector<bool> exists(layout::max_interfaces);
    add_interfaces(s, wishes.config, wishes.places, exists);
    add_bridges(s);
    if (wishes.leaving != nullptr) {
        add_interfaces(s, *wishes.leaving, wishes.places, exists);
        unbridge_leaving(s, wishes.config);
    }
    add_routes6(s, wishes.config, wishes.places);

    const auto add_all = [&](const auto& neighbours, bool run_time) {
        for (const auto& n : neighbours) {
            const layout::InterfaceId id = wishes.places.find(n.interface);
            if (id == layout::no_interface || !exists[id]) continue;
            add_neighbour(s, id, n.address, n.mac, run_time);
        }
    };
    add_all(wishes.config.neighbours, false);
    add_all(wishes.run_time_neighbours, true);
    fill_multicast(s, wishes.config.multicast, wishes.places);
    fill_broadcast_relay(s, wishes.config.broadcast_relay, wishes.places);
    fill_nat(s.nat, wishes.config, wishes.places, wishes.last_nat);
    if (!next_hops.fill(s, exists)) {
        throw std::runtime_error(fmt::format("the members of all equal-cost routes are over {}",
                                             layout::max_group_members));
    }
}

}  // namespace sluice::intent
