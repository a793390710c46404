// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/ways.h"

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>
#include <unordered_map>

#include <fmt/format.h>

#include "control/intent/nat_routes.h"

namespace sluice::intent {
namespace {

using layout::NextHopKind;
using routes::NextHop;

struct Builtin {
    net::Ipv4Prefix prefix;
    NextHopKind kind;
};
constexpr std::array builtins{
    Builtin{{net::addr(0, 0, 0, 0), 8}, NextHopKind::martian},
    Builtin{{net::addr(127, 0, 0, 0), 8}, NextHopKind::martian},
    Builtin{{net::addr(224, 0, 0, 0), 4}, NextHopKind::multicast},
    Builtin{{net::addr(240, 0, 0, 0), 4}, NextHopKind::martian},
    Builtin{{net::addr(255, 255, 255, 255), 32}, NextHopKind::multicast},
};

net::Ipv4Prefix host(net::Ipv4Address a) { return net::Ipv4Prefix::of(a, 32); }

NextHopKind kind_of(config::RouteType type) {
    switch (type) {
        case config::RouteType::blackhole: return NextHopKind::blackhole;
        case config::RouteType::unreachable: return NextHopKind::unreachable;
        case config::RouteType::prohibit: return NextHopKind::prohibit;
        case config::RouteType::unicast: break;
    }
    return NextHopKind::none;
}

// Where a route leads, apart from its prefix: few of these stand for very many routes.
struct Way {
    const RouteChange* change;
    bool operator==(const Way& other) const {
        return change->type == other.change->type && change->via == other.change->via &&
               change->interface == other.change->interface;
    }
};
struct WayHash {
    size_t operator()(const Way& way) const {
        size_t hash = static_cast<size_t>(way.change->type);
        for (const net::Ipv4Address via : way.change->via)
            hash = hash * 0x9e3779b97f4a7c15 + via.value;
        return hash ^ std::hash<std::string>{}(way.change->interface);
    }
};

}  // namespace

fib::NextHopId Ways::one(const NextHop& hop, std::string& error) {
    const fib::NextHopId id = next_hops_.intern(hop);
    if (id == fib::no_route) {
        error = fmt::format("all {} next hops are in use", layout::max_next_hops - 1);
    }
    return id;
}

layout::InterfaceId Ways::place_of(const std::string& name, std::string& error) const {
    const auto place = directory_.find(name);
    if (!place) {
        error = fmt::format("there is no interface \"{}\"", name);
        return layout::no_interface;
    }
    if (const auto other = directory_.bridged_with(config_.interfaces[*place])) {
        error = fmt::format("\"{}\" is bridged with \"{}\", so nothing is routed by it", name,
                            config_.interfaces[*other].name);
        return layout::no_interface;
    }
    return places_.find(name);
}

fib::NextHopId Ways::gateway(const RouteChange& route, net::Ipv4Address via, std::string& error) {
    layout::InterfaceId id = layout::no_interface;
    if (!route.interface.empty()) {
        id = place_of(route.interface, error);
    } else if (directory_.ipv4.owner_of(via)) {
        error = fmt::format("{} is this router's own address", net::to_string(via));
    } else if (const auto network = directory_.ipv4.network_of(via)) {
        id = places_.find(config_.interfaces[network->interface].name);
    } else {
        error = fmt::format("no interface has a network with {} in it", net::to_string(via));
    }
    if (id == layout::no_interface) return fib::no_route;
    return one({NextHopKind::gateway, id, via.value, {}}, error);
}

fib::NextHopId Ways::intern(const RouteChange& route, std::string& error) {
    if (route.type != config::RouteType::unicast) {
        return one({kind_of(route.type), 0, 0, {}}, error);
    }
    if (route.via.empty() && route.interface.empty()) {
        error = "a unicast route needs a next hop (via) or an interface";
        return fib::no_route;
    }
    if (route.via.empty()) {
        const layout::InterfaceId id = place_of(route.interface, error);
        if (id == layout::no_interface) return fib::no_route;
        return one({NextHopKind::connected, id, 0, {}}, error);
    }
    if (route.via.size() > layout::max_group_size) {
        error =
            fmt::format("{} next hops, at most {} fit", route.via.size(), layout::max_group_size);
        return fib::no_route;
    }
    std::vector<fib::NextHopId> members;
    for (const net::Ipv4Address via : route.via) members.push_back(gateway(route, via, error));
    if (members.size() == 1) return members.front();

    std::sort(members.begin(), members.end());
    const bool complete = members.front() != fib::no_route;
    const fib::NextHopId group =
        complete ? one({NextHopKind::group, 0, 0, members}, error) : fib::no_route;
    for (const fib::NextHopId m : members) next_hops_.unref(m);  // the group holds them now
    return group;
}

std::vector<fib::NextHopId> Ways::intern_all(std::span<const RouteChange> changes,
                                             std::vector<RouteError>& errors) {
    struct Interned {
        fib::NextHopId id;
        std::string error;
    };
    std::unordered_map<Way, Interned, WayHash> known;
    std::vector<fib::NextHopId> ids;
    ids.reserve(changes.size());
    for (size_t i = 0; i < changes.size(); ++i) {
        const RouteChange& change = changes[i];
        if (change.remove) {
            ids.push_back(fib::no_route);
            continue;
        }
        const auto [at, is_new] = known.try_emplace(Way{&change});
        Interned& way = at->second;
        if (is_new) {
            way.id = intern(change, way.error);
        } else if (way.id != fib::no_route) {
            next_hops_.ref(way.id);
        }
        if (!way.error.empty()) errors.push_back({i, way.error});
        ids.push_back(way.id);
    }
    return ids;
}

std::vector<fib::Route> Ways::connected() {
    std::vector<fib::Route> result;
    const auto add = [&](net::Ipv4Prefix prefix, NextHopKind kind, layout::InterfaceId id) {
        result.push_back({prefix, next_hops_.intern({kind, id, 0, {}})});
    };
    for (const config::Interface& i : config_.interfaces) {
        if (!i.enabled) continue;
        const layout::InterfaceId id = places_.find(i.name);
        for (const net::InterfaceAddress& a : i.addresses) {
            add(host(a.address), NextHopKind::local, id);
            const net::Ipv4Prefix network = a.network();
            if (network.length < 32) add(network, NextHopKind::connected, id);
            if (!a.has_broadcast()) continue;
            // The all-zeros form is the old broadcast address (RFC 1812 5.3.5.1).
            add(host(network.last()), NextHopKind::broadcast, id);
            add(host(network.address), NextHopKind::broadcast, id);
        }
    }
    for (const net::Ipv4Prefix prefix : translated_prefixes(config_)) {
        add(prefix, NextHopKind::translated, 0);
    }
    return result;
}

std::vector<fib::Route> Ways::configured() {
    std::vector<fib::Route> result;
    for (const config::Route& r : config_.routes) {
        std::string error;
        const fib::NextHopId id = intern({r.prefix, false, r.type, r.via, r.interface}, error);
        if (id == fib::no_route) {
            unref_all(next_hops_, result);
            throw std::runtime_error(fmt::format("route {}: {}", net::to_string(r.prefix), error));
        }
        result.push_back({r.prefix, id});
    }
    return result;
}

std::vector<fib::Route> Ways::builtin(routes::NextHops& next_hops) {
    std::vector<fib::Route> result;
    for (const Builtin& b : builtins) {
        result.push_back({b.prefix, next_hops.intern({b.kind, 0, 0, {}})});
    }
    return result;
}

void unref_all(routes::NextHops& next_hops, std::span<const fib::Route> routes) {
    for (const fib::Route& route : routes) next_hops.unref(route.next_hop);
}

}  // namespace sluice::intent
