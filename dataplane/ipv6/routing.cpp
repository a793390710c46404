// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv6/routing.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "dataplane/plan.h"

namespace sluice::ipv6 {
namespace {

using layout::Snapshot;

void check_ipv6_counts(const layout::Ipv6& wish) {
    if (wish.address_count > layout::max_addresses6 || wish.route_count > layout::max_routes6) {
        throw std::runtime_error(fmt::format(
            "snapshot: {} IPv6 addresses and {} routes, at most "
            "{} and {} fit",
            wish.address_count, wish.route_count, layout::max_addresses6, layout::max_routes6));
    }
}

template <typename Wish>
void check_place(const Snapshot& s, const Wish& wish, const char* what) {
    if (!layout::has_interface(s, wish.interface)) {
        throw std::runtime_error(fmt::format(
            "snapshot: {} is on interface {}, which does not exist", what, wish.interface));
    }
}

template <typename Wish>
void check_length(const Wish& wish, const char* what) {
    if (wish.length > 128) {
        throw std::runtime_error(fmt::format("snapshot: {} of {} bits", what, wish.length));
    }
}

bool is_enabled(const Snapshot& s, InterfaceId id) noexcept {
    return (layout::is_tunnel(id) ? s.tunnels[id - layout::max_ports].enabled
                                  : s.interfaces[id].enabled) != 0;
}

Way way_of(const layout::Route6& wish) {
    const Way way{wish.kind, wish.interface, {wish.via_high, wish.via_low}};
    switch (wish.kind) {
        case NextHopKind::gateway:
        case NextHopKind::connected:
        case NextHopKind::blackhole:
        case NextHopKind::unreachable:
        case NextHopKind::prohibit: return way;
        default:
            throw std::runtime_error(fmt::format("snapshot: an IPv6 route is of unknown kind {}",
                                                 static_cast<unsigned>(wish.kind)));
    }
}

}  // namespace

std::unique_ptr<const Routing> Routing::compile(const Snapshot& s, const Plan& plan) {
    check_ipv6_counts(s.ipv6);
    if (s.ipv6.address_count == 0 && s.ipv6.route_count == 0) return nullptr;
    auto routing = std::make_unique<Routing>();
    routing->add_addresses(s, plan);
    std::vector<fib::Table6::Entry> entries;
    routing->add_connected(entries, plan);
    routing->add_configured(entries, s, plan);
    routing->table_ = fib::Table6(entries);
    return routing;
}

// By interface, each one's in the snapshot's order: the first is the one that it speaks from.
void Routing::add_addresses(const Snapshot& s, const Plan& plan) {
    std::vector<layout::Address6> all(s.ipv6.addresses, s.ipv6.addresses + s.ipv6.address_count);
    std::stable_sort(all.begin(), all.end(),
                     [](auto& a, auto& b) { return a.interface < b.interface; });
    for (const layout::Address6& a : all) {
        check_place(s, a, "an IPv6 address");
        check_length(a, "an IPv6 address");
        if (!is_enabled(s, a.interface)) continue;
        OwnInterface& i = interfaces_[a.interface];
        if (i.address_count++ == 0) i.first_address = static_cast<uint16_t>(addresses_.size());
        addresses_.push_back({{a.high, a.low}, a.length});
        owners_.push_back(a.interface);
        if (layout::is_tunnel(a.interface)) continue;
        i.link_local = net::link_local_of(plan.interfaces[a.interface].mac);
        i.advertises = s.interfaces[a.interface].router_advertisements != 0;
    }
}

void Routing::add(std::vector<fib::Table6::Entry>& entries, net::Ipv6Prefix prefix,
                  const Way& way) {
    entries.push_back({prefix, static_cast<uint32_t>(ways_.size())});
    ways_.push_back(way);
}

// Before the configured ones: of equal prefixes the first counts.
void Routing::add_connected(std::vector<fib::Table6::Entry>& entries, const Plan& plan) {
    for (size_t n = 0; n < addresses_.size(); ++n) {
        const net::Ipv6InterfaceAddress& own = addresses_[n];
        const Way local{NextHopKind::local, owners_[n], {}, true};
        add(entries, net::Ipv6Prefix::of(own.address, 128), local);
        if (own.has_anycast()) add(entries, {own.network().address, 128}, local);
        if (!plan.interfaces[owners_[n]].up || own.length == 128) continue;
        add(entries, own.network(), {NextHopKind::connected, owners_[n], {}, true});
    }
}

void Routing::add_configured(std::vector<fib::Table6::Entry>& entries, const Snapshot& s,
                             const Plan& plan) {
    for (uint32_t n = 0; n < s.ipv6.route_count; ++n) {
        const layout::Route6& wish = s.ipv6.routes[n];
        const Way way = way_of(wish);
        check_length(wish, "an IPv6 route");
        if (way.leads_out()) {
            check_place(s, wish, "an IPv6 route");
            if (!plan.interfaces[way.interface].up) continue;
        }
        add(entries, net::Ipv6Prefix::of({wish.high, wish.low}, wish.length), way);
    }
}

bool Routing::is_anycast(InterfaceId id, net::Ipv6Address address) const noexcept {
    const auto own = addresses_of(id);
    return std::any_of(own.begin(), own.end(), [&](const net::Ipv6InterfaceAddress& a) {
        return a.has_anycast() && a.address != address && a.network().address == address;
    });
}

bool Routing::is_own(InterfaceId id, net::Ipv6Address address) const noexcept {
    const auto own = addresses_of(id);
    if (own.empty()) return false;
    if (address.is_link_local()) return address == link_local(id);
    return is_anycast(id, address) ||
           std::any_of(own.begin(), own.end(), [&](const auto& a) { return a.address == address; });
}

bool Routing::is_joined(InterfaceId id, net::Ipv6Address group) const noexcept {
    if (!is_on(id)) return false;
    if (group == net::all_nodes || group == net::all_routers) return true;
    if (group == net::solicited_node(link_local(id))) return true;
    const auto own = addresses_of(id);
    return std::any_of(own.begin(), own.end(), [&](const net::Ipv6InterfaceAddress& a) {
        return group == net::solicited_node(a.address) ||
               (a.has_anycast() && group == net::solicited_node(a.network().address));
    });
}

std::optional<net::Ipv6Address> Routing::source_towards(InterfaceId id,
                                                        net::Ipv6Address to) const noexcept {
    if (to.is_link_local() && is_on(id) && !layout::is_tunnel(id)) return link_local(id);
    const auto own = addresses_of(id);
    const auto near = std::find_if(own.begin(), own.end(), [&](const net::Ipv6InterfaceAddress& a) {
        return a.network().contains(to);
    });
    if (near != own.end()) return near->address;
    if (!own.empty()) return own.front().address;
    if (addresses_.empty()) return std::nullopt;
    return addresses_.front().address;
}

}  // namespace sluice::ipv6
