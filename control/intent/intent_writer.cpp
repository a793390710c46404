// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/intent_writer.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "lib/layout/publish.h"

namespace sluice::intent {
namespace {

using layout::NextHopKind;
using layout::Snapshot;
using routes::NextHop;
using routes::Source;

fib::Prefix to_fib(net::Ipv4Prefix p) { return fib::Prefix::of(p.address.value, p.length); }
fib::Prefix host(net::Ipv4Address a) { return fib::Prefix::of(a.value, 32); }

std::unique_ptr<Snapshot> last_snapshot(const layout::Intent& intent, bool fresh) {
    auto snapshot = std::make_unique<Snapshot>();
    if (fresh || !layout::copy_published(intent, *snapshot)) *snapshot = Snapshot{};
    return snapshot;
}

// RFC 1812 5.3.7 and 4.2.2.11: what no packet may be sent to, unless a longer route says so.
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

NextHopKind kind_of(config::RouteType type) {
    switch (type) {
        case config::RouteType::blackhole: return NextHopKind::blackhole;
        case config::RouteType::unreachable: return NextHopKind::unreachable;
        case config::RouteType::prohibit: return NextHopKind::prohibit;
        case config::RouteType::unicast: break;
    }
    return NextHopKind::none;
}

void fill_settings(Snapshot& s, const config::Config& config) {
    s.dataplane = {};
    s.dataplane.workers = config.dataplane.workers.value_or(0);
    s.dataplane.core_count = static_cast<uint32_t>(
        std::min<size_t>(config.dataplane.cores.size(), layout::max_workers));
    std::copy_n(config.dataplane.cores.begin(), s.dataplane.core_count, s.dataplane.cores);
    s.dataplane.busy_polling = config.dataplane.polling == config::Polling::busy;
    s.dataplane.buffers = config.dataplane.buffers;
    s.arp = {config.arp.reachable_s * 1000, config.arp.stale_s * 1000, config.arp.retry_s * 1000,
             config.arp.attempts, config.arp.max_entries, 0};
    s.icmp = {config.icmp.errors_per_second, config.icmp.errors_per_source_per_second};
}

void fill_interface(layout::Interface& to, const config::Interface& from) {
    to = {};
    std::strncpy(to.name, from.name.c_str(), sizeof to.name - 1);
    std::strncpy(to.device, from.device.c_str(), sizeof to.device - 1);
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
}
static_assert(static_cast<int>(config::ReversePath::loose) ==
              static_cast<int>(layout::ReversePath::loose));

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
        for (const net::Ipv4Address via : way.change->via) hash = hash * 0x9e3779b97f4a7c15 + via.value;
        return hash ^ std::hash<std::string>{}(way.change->interface);
    }
};

}  // namespace

IntentWriter::IntentWriter(layout::Intent& intent, bool fresh, Workers workers)
    : intent_(intent),
      workers_(std::move(workers)),
      next_hops_(*last_snapshot(intent, fresh)),
      routes_(intent.fib, fresh ? fib::Writer::Found::zeroed : fib::Writer::Found::left_behind,
              intent.routes, next_hops_, workers_.wait_for_quiescence),
      links_(layout::max_interfaces, true),
      generation_(layout::published_generation(intent)),
      built_(fresh) {
    const auto last = last_snapshot(intent, fresh);
    for (unsigned id = 0; id < layout::max_interfaces; ++id) {
        const char* name = last->interfaces[id].name;
        places_[id].assign(name, strnlen(name, sizeof last->interfaces[id].name));
    }
    for (uint32_t n = 0; n < std::min(last->neighbour_count, layout::max_static_neighbours); ++n) {
        const layout::StaticNeighbour& kept = last->neighbours[n];
        if (kept.run_time == 0) continue;
        run_time_neighbours_.push_back({interface_name(kept.interface), {kept.address},
                                        net::MacAddress::from_bits(kept.mac)});
    }
    std::vector<fib::Route> builtin;
    for (const Builtin& b : builtins) {
        builtin.push_back({to_fib(b.prefix), next_hops_.intern({b.kind, 0, 0, {}})});
    }
    routes_.replace(Source::builtin, builtin);
}

std::string IntentWriter::interface_name(layout::InterfaceId id) const {
    return id < places_.size() ? places_[id] : std::string{};
}

layout::InterfaceId IntentWriter::interface_id(std::string_view name) const {
    const auto found = std::find(places_.begin(), places_.end(), name);
    if (name.empty() || found == places_.end()) return layout::no_interface;
    return static_cast<layout::InterfaceId>(found - places_.begin());
}

// An interface keeps its place as long as it is there, and a place that run-time routes still
// lead by is kept for an interface of that name.
void IntentWriter::assign_places(const config::Config& config) {
    for (const config::Interface& i : config.interfaces) {
        if (interface_id(i.name) != layout::no_interface) continue;
        const auto free = std::find_if(places_.begin(), places_.end(), [&](const auto& name) {
            const auto id = static_cast<layout::InterfaceId>(&name - places_.data());
            return name.empty() || (config::find_interface(config, name) == nullptr &&
                                    config::find_interface(config_, name) == nullptr &&
                                    !next_hops_.refers_to(id));
        });
        if (free == places_.end()) {
            throw std::runtime_error(fmt::format(
                "no place is free for interface \"{}\": interfaces that were removed still have "
                "run-time routes; withdraw those first",
                i.name));
        }
        *free = i.name;
    }
}

std::vector<fib::Route> IntentWriter::connected_routes(const config::Config& config) {
    std::vector<fib::Route> result;
    const auto add = [&](fib::Prefix prefix, NextHopKind kind, layout::InterfaceId id) {
        result.push_back({prefix, next_hops_.intern({kind, id, 0, {}})});
    };
    for (const config::Interface& i : config.interfaces) {
        if (!i.enabled) continue;
        const layout::InterfaceId id = interface_id(i.name);
        for (const net::InterfaceAddress& a : i.addresses) {
            add(host(a.address), NextHopKind::local, id);
            const net::Ipv4Prefix network = a.network();
            if (network.length < 32) add(to_fib(network), NextHopKind::connected, id);
            if (!a.has_broadcast()) continue;
            // The all-zeros form is the old broadcast address (RFC 1812 5.3.5.1).
            add(host(network.broadcast()), NextHopKind::broadcast, id);
            add(host(network.address), NextHopKind::broadcast, id);
        }
    }
    return result;
}

fib::NextHopId IntentWriter::intern(const RouteChange& change, const config::Config& config,
                                    std::string& error) {
    const auto one = [&](const NextHop& hop) {
        const fib::NextHopId id = next_hops_.intern(hop);
        if (id == 0) error = fmt::format("all {} next hops are in use", layout::max_next_hops - 1);
        return id;
    };
    if (change.type != config::RouteType::unicast) return one({kind_of(change.type), 0, 0, {}});

    const auto place_of = [&](const std::string& name) {
        if (config::find_interface(config, name) == nullptr) {
            error = fmt::format("there is no interface \"{}\"", name);
            return layout::no_interface;
        }
        return interface_id(name);
    };
    if (change.via.empty()) {
        if (change.interface.empty()) {
            error = "a unicast route needs a next hop (via) or an interface";
            return 0;
        }
        const layout::InterfaceId id = place_of(change.interface);
        return id == layout::no_interface ? fib::kNoRoute : one({NextHopKind::connected, id, 0, {}});
    }
    if (change.via.size() > layout::max_group_size) {
        error = fmt::format("{} next hops, at most {} fit", change.via.size(),
                            layout::max_group_size);
        return fib::kNoRoute;
    }
    std::vector<fib::NextHopId> members;
    for (const net::Ipv4Address via : change.via) {
        layout::InterfaceId id = layout::no_interface;
        if (!change.interface.empty()) {
            id = place_of(change.interface);
        } else if (config::owner_of(config, via) != nullptr) {
            error = fmt::format("{} is this router's own address", net::to_string(via));
        } else if (const auto connection = config::connection_to(config, via)) {
            id = interface_id(connection->interface->name);
        } else {
            error = fmt::format("no interface has a network with {} in it", net::to_string(via));
        }
        const fib::NextHopId member =
            id == layout::no_interface ? fib::kNoRoute
                                       : one({NextHopKind::gateway, id, via.value, {}});
        if (member == fib::kNoRoute) {
            for (const fib::NextHopId m : members) next_hops_.unref(m);
            return fib::kNoRoute;
        }
        members.push_back(member);
    }
    if (members.size() == 1) return members.front();
    std::sort(members.begin(), members.end());
    const fib::NextHopId group = one({NextHopKind::group, 0, 0, members});
    for (const fib::NextHopId m : members) next_hops_.unref(m);  // the group holds them now
    return group;
}

std::vector<fib::Route> IntentWriter::configured_routes(const config::Config& config) {
    std::vector<fib::Route> result;
    for (const config::Route& r : config.routes) {
        std::string error;
        const fib::NextHopId id =
            intern({r.prefix, false, r.type, r.via, r.interface}, config, error);
        if (id == fib::kNoRoute) {
            for (const fib::Route& done : result) next_hops_.unref(done.next_hop);
            throw std::runtime_error(
                fmt::format("route {}: {}", net::to_string(r.prefix), error));
        }
        result.push_back({to_fib(r.prefix), id});
    }
    return result;
}

void IntentWriter::fill(Snapshot& s, const config::Config& config, const config::Config* leaving) {
    fill_settings(s, config);
    std::vector<bool> exists(layout::max_interfaces);
    const auto add_interfaces_of = [&](const config::Config& from) {
        for (const config::Interface& i : from.interfaces) {
            const layout::InterfaceId id = interface_id(i.name);
            if (exists[id]) continue;
            exists[id] = true;
            fill_interface(s.interfaces[id], i);
            for (const net::InterfaceAddress& a : i.addresses) {
                if (s.address_count == layout::max_addresses) {
                    throw std::runtime_error("more addresses than fit");
                }
                s.addresses[s.address_count++] = {a.address.value, a.length, id, 0};
            }
        }
    };
    add_interfaces_of(config);
    if (leaving != nullptr) add_interfaces_of(*leaving);

    const auto add_neighbour = [&](const std::string& name, net::Ipv4Address a, net::MacAddress m,
                                   bool run_time) {
        const layout::InterfaceId id = interface_id(name);
        if (id == layout::no_interface || !exists[id]) return;
        if (s.neighbour_count == layout::max_static_neighbours) {
            throw std::runtime_error(fmt::format("more than {} static neighbours",
                                                 layout::max_static_neighbours));
        }
        s.neighbours[s.neighbour_count++] = {m.as_bits(), a.value, id, run_time, {}};
    };
    for (const config::Neighbour& n : config.neighbours) {
        add_neighbour(n.interface, n.address, n.mac, false);
    }
    for (const StaticNeighbour& n : run_time_neighbours_) {
        add_neighbour(n.interface, n.address, n.mac, true);
    }
    if (!next_hops_.fill(s, exists)) {
        throw std::runtime_error(fmt::format("the members of all equal-cost routes are over {}",
                                             layout::max_group_members));
    }
}

void IntentWriter::publish(const config::Config* leaving) {
    auto snapshot = std::make_unique<Snapshot>();
    fill(*snapshot, config_, leaving);
    snapshot->generation = ++generation_;
    layout::publish(intent_, *snapshot);
    workers_.wait_for_plan(generation_);
}

void IntentWriter::sync_routes() {
    const fib::Status status = built_ ? routes_.sync() : routes_.rebuild();
    if (status != fib::Status::ok && status != fib::Status::readers_behind) {
        throw std::runtime_error(fib::describe(status));
    }
    built_ = true;
    const bool groups_waiting = routes_.begin_grace_period();
    if (!groups_waiting && !next_hops_.has_unused()) return;
    if (!workers_.wait_for_quiescence()) return;
    if (groups_waiting) routes_.end_grace_period();
    next_hops_.sweep();
}

uint64_t IntentWriter::apply(const config::Config& config) {
    assign_places(config);
    auto connected = connected_routes(config);
    std::vector<fib::Route> configured;
    try {
        configured = configured_routes(config);
    } catch (...) {
        for (const fib::Route& r : connected) next_hops_.unref(r.next_hop);
        throw;
    }
    const config::Config before = std::exchange(config_, config);
    const bool some_leave =
        std::any_of(before.interfaces.begin(), before.interfaces.end(), [&](const auto& i) {
            return config::find_interface(config_, i.name) == nullptr;
        });
    try {
        publish(&before);
    } catch (...) {
        config_ = before;
        for (const auto* routes : {&connected, &configured}) {
            for (const fib::Route& r : *routes) next_hops_.unref(r.next_hop);
        }
        throw;
    }
    routes_.replace(Source::connected, connected);
    routes_.replace(Source::configured, configured);
    routes_.set_links(links_);
    sync_routes();
    if (some_leave) publish(nullptr);
    return generation_;
}

std::vector<IntentWriter::Wanted> IntentWriter::intern_all(std::span<const RouteChange> changes,
                                                           std::vector<RouteError>& errors) {
    struct Interned {
        fib::NextHopId id;
        std::string error;
    };
    std::unordered_map<Way, Interned, WayHash> known;
    std::vector<Wanted> wanted;
    wanted.reserve(changes.size());
    for (size_t i = 0; i < changes.size(); ++i) {
        const RouteChange& change = changes[i];
        if (change.remove) {
            wanted.push_back({to_fib(change.prefix), fib::kNoRoute});
            continue;
        }
        const auto [at, is_new] = known.try_emplace(Way{&change});
        Interned& way = at->second;
        if (is_new) {
            way.id = intern(change, config_, way.error);
        } else if (way.id != fib::kNoRoute) {
            next_hops_.ref(way.id);
        }
        if (!way.error.empty()) errors.push_back({i, way.error});
        wanted.push_back({to_fib(change.prefix), way.id});
    }
    return wanted;
}

std::vector<RouteError> IntentWriter::change_routes(std::span<const RouteChange> changes) {
    std::vector<RouteError> errors;
    const std::vector<Wanted> wanted = intern_all(changes, errors);
    try {
        if (next_hops_.grown()) publish(nullptr);
    } catch (...) {
        for (const Wanted& w : wanted) next_hops_.unref(w.next_hop);
        throw;
    }
    // The same route named twice is withdrawn once, and that is no error.
    std::set<fib::Prefix> erased;
    bool know_erased = false;
    const auto was_erased = [&](size_t i) {
        for (size_t n = 0; n < i && !know_erased; ++n) {
            if (changes[n].remove) erased.insert(wanted[n].prefix);
        }
        know_erased = true;
        return erased.contains(wanted[i].prefix);
    };
    for (size_t i = 0; i < changes.size(); ++i) {
        const auto [prefix, id] = wanted[i];
        if (changes[i].remove) {
            if (routes_.erase_runtime(prefix)) {
                if (know_erased) erased.insert(prefix);
            } else if (!was_erased(i)) {
                errors.push_back({i, "there is no such route that was added at run time"});
            }
        } else if (id != fib::kNoRoute && !routes_.set_runtime(prefix, id)) {
            next_hops_.unref(id);
            errors.push_back({i, fmt::format("the route memory is full ({} routes)",
                                             routes_.runtime_capacity())});
        }
    }
    sync_routes();
    std::sort(errors.begin(), errors.end(),
              [](const RouteError& a, const RouteError& b) { return a.index < b.index; });
    return errors;
}

size_t IntentWriter::flush_routes() {
    std::vector<RouteChange> all;
    routes_.for_each_runtime([&](const fib::Route& route) {
        RouteChange change;
        change.prefix = {{route.prefix.address}, route.prefix.length};
        change.remove = true;
        all.push_back(std::move(change));
    });
    change_routes(all);
    return all.size();
}

void IntentWriter::set_neighbour(const StaticNeighbour& neighbour) {
    std::erase_if(run_time_neighbours_, [&](const StaticNeighbour& n) {
        return n.interface == neighbour.interface && n.address == neighbour.address;
    });
    if (!neighbour.mac.is_zero()) run_time_neighbours_.push_back(neighbour);
    publish(nullptr);
}

void IntentWriter::set_links(const std::vector<bool>& up) {
    if (up == links_) return;
    links_ = up;
    routes_.set_links(links_);
    if (built_) sync_routes();
}

void IntentWriter::request_trace(const layout::TraceRequest& request) {
    intent_.trace_sequence.write(intent_.trace, request);
}

}  // namespace sluice::intent
