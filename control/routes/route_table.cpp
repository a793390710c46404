// SPDX-License-Identifier: BSD-3-Clause
#include "control/routes/route_table.h"

#include <algorithm>

namespace sluice::routes {
namespace {

constexpr std::array sources{Source::connected, Source::configured, Source::runtime,
                             Source::builtin};

}  // namespace

RouteTable::RouteTable(fib::Table& table, fib::Writer::Found found,
                       std::span<layout::RouteSlot> slots, NextHops& next_hops,
                       fib::Writer::WaitForReaders wait_for_readers)
    : next_hops_(next_hops),
      writer_(table, found, std::move(wait_for_readers)),
      store_(slots),
      down_(layout::max_interfaces) {
    // A route whose next hop is not known any more can not be kept.
    std::vector<net::Ipv4Prefix> lost;
    store_.for_each([&](const fib::Route& route) {
        if (next_hops_[route.next_hop].kind == NextHopKind::none) {
            lost.push_back(route.prefix);
        } else {
            next_hops_.ref(route.next_hop);
        }
    });
    for (const net::Ipv4Prefix prefix : lost) store_.erase(prefix);
}

std::optional<fib::NextHopId> RouteTable::find(Source source, net::Ipv4Prefix prefix) const {
    if (source == Source::runtime) return store_.find(prefix);
    const Layer& layer = layers_[static_cast<size_t>(source)];
    const auto found = layer.find(prefix);
    if (found == layer.end()) return std::nullopt;
    return found->second;
}

bool RouteTable::is_alive(fib::NextHopId id) const {
    const NextHop& hop = next_hops_[id];
    switch (hop.kind) {
        case NextHopKind::gateway:
        case NextHopKind::connected: return !down_[hop.interface];
        case NextHopKind::group:
            return std::any_of(hop.members.begin(), hop.members.end(),
                               [this](fib::NextHopId member) { return is_alive(member); });
        default: return hop.kind != NextHopKind::none;
    }
}

fib::NextHopId RouteTable::choose(net::Ipv4Prefix prefix) const {
    for (const Source source : sources) {
        const auto id = find(source, prefix);
        if (id && is_alive(*id)) return *id;
    }
    return fib::no_route;
}

std::vector<Candidate> RouteTable::candidates(net::Ipv4Prefix prefix) const {
    std::vector<Candidate> result;
    bool chosen = false;
    for (const Source source : sources) {
        const auto id = find(source, prefix);
        if (!id) continue;
        const bool alive = is_alive(*id);
        result.push_back({source, *id, alive, alive && !chosen});
        chosen |= alive;
    }
    return result;
}

void RouteTable::replace(Source source, const std::vector<fib::Route>& routes) {
    Layer& old = layer(source);
    Layer wanted;
    for (const fib::Route& route : routes) {
        // The first of two for the same prefix counts (two interfaces on one network).
        if (!wanted.emplace(route.prefix, route.next_hop).second) next_hops_.unref(route.next_hop);
    }
    for (const auto& [prefix, id] : old) {
        const auto kept = wanted.find(prefix);
        if (kept == wanted.end() || kept->second != id) touched_.push_back(prefix);
        next_hops_.unref(id);
    }
    for (const auto& [prefix, id] : wanted) {
        if (!old.contains(prefix)) touched_.push_back(prefix);
    }
    old = std::move(wanted);
}

bool RouteTable::set_runtime(net::Ipv4Prefix prefix, fib::NextHopId next_hop) {
    const auto before = store_.find(prefix);
    if (!store_.set(prefix, next_hop)) return false;
    if (before) next_hops_.unref(*before);
    touched_.push_back(prefix);
    undo_.push_back({prefix, before.value_or(fib::no_route)});
    return true;
}

bool RouteTable::erase_runtime(net::Ipv4Prefix prefix) {
    const auto before = store_.find(prefix);
    if (!before || !store_.erase(prefix)) return false;
    next_hops_.unref(*before);
    touched_.push_back(prefix);
    undo_.push_back({prefix, *before});
    return true;
}

void RouteTable::undo_runtime() {
    for (; !undo_.empty(); undo_.pop_back()) {
        const auto [prefix, next_hop] = undo_.back();
        if (const auto now = store_.find(prefix)) next_hops_.unref(*now);
        if (next_hop == fib::no_route) {
            store_.erase(prefix);
        } else {
            // Unused ids keep their meaning until the next sweep, so this one still means the same.
            next_hops_.ref(next_hop);
            store_.set(prefix, next_hop);
        }
    }
}

void RouteTable::set_links(const std::vector<bool>& up) {
    std::vector<bool> changed(layout::max_interfaces);
    for (unsigned i = 0; i < layout::max_interfaces; ++i) {
        changed[i] = down_[i] == up[i];
        down_[i] = !up[i];
    }
    const std::vector<bool> concerned = next_hops_.leading_by(changed);
    for (const Layer& l : layers_) {
        for (const auto& [prefix, id] : l) {
            if (concerned[id]) touched_.push_back(prefix);
        }
    }
    store_.for_each([&](const fib::Route& route) {
        if (concerned[route.next_hop]) touched_.push_back(route.prefix);
    });
}

fib::Status RouteTable::sync() {
    std::vector<fib::Change> changes;
    changes.reserve(touched_.size());
    for (const net::Ipv4Prefix prefix : touched_) changes.push_back({prefix, choose(prefix)});
    const fib::Status status = writer_.apply(changes);
    if (status == fib::Status::ok || status == fib::Status::readers_behind) {
        touched_.clear();
        undo_.clear();
    }
    return status;
}

fib::Status RouteTable::rebuild() {
    std::map<net::Ipv4Prefix, fib::NextHopId> few;
    for (const Layer& l : layers_) {
        for (const auto& [prefix, id] : l) few[prefix] = choose(prefix);
    }
    std::vector<fib::Route> routes;
    routes.reserve(few.size() + store_.size());
    for (const auto& [prefix, id] : few) {
        if (id != fib::no_route) routes.push_back({prefix, id});
    }
    store_.for_each([&](const fib::Route& route) {
        if (!few.contains(route.prefix) && is_alive(route.next_hop)) routes.push_back(route);
    });
    touched_.clear();
    undo_.clear();
    return writer_.rebuild(routes);
}

}  // namespace sluice::routes
