// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/intent_writer.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "lib/layout/publish.h"

namespace sluice::intent {
namespace {

using layout::Snapshot;
using routes::Source;

std::unique_ptr<Snapshot> last_snapshot(const layout::Intent& intent, bool fresh) {
    auto snapshot = std::make_unique<Snapshot>();
    if (fresh || !layout::copy_published(intent, *snapshot)) *snapshot = Snapshot{};
    return snapshot;
}

std::vector<StaticNeighbour> run_time_neighbours_in(const Snapshot& s, const Places& places) {
    std::vector<StaticNeighbour> result;
    for (uint32_t n = 0; n < std::min(s.neighbour_count, layout::max_static_neighbours); ++n) {
        const layout::StaticNeighbour& kept = s.neighbours[n];
        if (kept.run_time == 0) continue;
        result.push_back(
            {places.name(kept.interface), {kept.address}, net::MacAddress::from_bits(kept.mac)});
    }
    return result;
}

bool is_settled(fib::Status status) {
    return status == fib::Status::ok || status == fib::Status::readers_behind;
}

bool some_interface_leaves(const config::Config& before, const config::Directory& after) {
    return std::any_of(before.interfaces.begin(), before.interfaces.end(),
                       [&](const auto& i) { return !after.find(i.name); });
}

}  // namespace

IntentWriter::IntentWriter(layout::Intent& intent, bool fresh, Workers workers)
    : intent_(intent),
      workers_(std::move(workers)),
      places_(*last_snapshot(intent, fresh)),
      next_hops_(*last_snapshot(intent, fresh)),
      routes_(intent.fib, fresh ? fib::Writer::Found::zeroed : fib::Writer::Found::left_behind,
              intent.routes, next_hops_, workers_.wait_for_quiescence),
      run_time_neighbours_(run_time_neighbours_in(*last_snapshot(intent, fresh), places_)),
      links_(layout::max_interfaces, true),
      last_nat_(std::make_unique<layout::Nat>(last_snapshot(intent, fresh)->nat)),
      generation_(layout::published_generation(intent)),
      built_(fresh) {
    routes_.replace(Source::builtin, Ways::builtin(next_hops_));
}

void IntentWriter::publish(const config::Config* leaving) {
    auto snapshot = std::make_unique<Snapshot>();
    fill(*snapshot, {config_, leaving, places_, run_time_neighbours_, *last_nat_}, next_hops_);
    snapshot->generation = ++generation_;
    layout::publish(intent_, *snapshot);
    *last_nat_ = snapshot->nat;
    workers_.wait_for_plan(generation_);
}

fib::Status IntentWriter::sync_routes() {
    const fib::Status status = built_ ? routes_.sync() : routes_.rebuild();
    if (!is_settled(status)) return status;
    built_ = true;
    free_what_is_unused();
    return status;
}

void IntentWriter::free_what_is_unused() {
    const bool groups_waiting = routes_.begin_grace_period();
    if (!groups_waiting && !next_hops_.has_unused()) return;
    if (!workers_.wait_for_quiescence()) return;
    if (groups_waiting) routes_.end_grace_period();
    next_hops_.sweep();
}

uint64_t IntentWriter::apply(const config::Config& config) {
    places_.assign(config, config_, next_hops_);
    config::Directory directory(config);
    Ways ways(config, directory, places_, next_hops_);
    const std::vector<fib::Route> configured = ways.configured();
    const std::vector<fib::Route> connected = ways.connected();

    const config::Config before = std::exchange(config_, config);
    try {
        publish(&before);
    } catch (...) {
        config_ = before;
        unref_all(next_hops_, connected);
        unref_all(next_hops_, configured);
        throw;
    }
    directory_ = std::move(directory);
    routes_.replace(Source::connected, connected);
    routes_.replace(Source::configured, configured);
    routes_.set_links(links_);
    const fib::Status status = sync_routes();
    if (some_interface_leaves(before, directory_)) publish(nullptr);
    if (!is_settled(status)) {
        throw std::runtime_error(
            fmt::format("the configuration stands, but its routes are not all in use: {}",
                        fib::describe(status)));
    }
    return generation_;
}

std::vector<RouteError> IntentWriter::change_routes(std::span<const RouteChange> changes) {
    std::vector<RouteError> errors;
    const std::vector<fib::NextHopId> ids =
        Ways(config_, directory_, places_, next_hops_).intern_all(changes, errors);
    try {
        if (next_hops_.grown()) publish(nullptr);
    } catch (...) {
        for (const fib::NextHopId id : ids) next_hops_.unref(id);
        throw;
    }
    // The same route named twice is withdrawn once, and that is no error.
    std::optional<std::set<net::Ipv4Prefix>> erased;
    const auto was_erased = [&](size_t i) {
        if (!erased) {
            erased.emplace();
            for (size_t n = 0; n < i; ++n) {
                if (changes[n].remove) erased->insert(changes[n].prefix);
            }
        }
        return erased->contains(changes[i].prefix);
    };
    for (size_t i = 0; i < changes.size(); ++i) {
        const net::Ipv4Prefix prefix = changes[i].prefix;
        if (changes[i].remove) {
            if (routes_.erase_runtime(prefix)) {
                if (erased) erased->insert(prefix);
            } else if (!was_erased(i)) {
                errors.push_back({i, "there is no such route that was added at run time"});
            }
        } else if (ids[i] != fib::no_route && !routes_.set_runtime(prefix, ids[i])) {
            next_hops_.unref(ids[i]);
            errors.push_back({i, fmt::format("the route memory is full ({} routes)",
                                             routes_.runtime_capacity())});
        }
    }
    if (const fib::Status status = sync_routes(); !is_settled(status)) {
        routes_.undo_runtime();
        throw std::runtime_error(fib::describe(status));
    }
    std::sort(errors.begin(), errors.end(),
              [](const RouteError& a, const RouteError& b) { return a.index < b.index; });
    return errors;
}

size_t IntentWriter::flush_routes() {
    std::vector<RouteChange> all;
    routes_.for_each_runtime([&](const fib::Route& route) {
        RouteChange change;
        change.prefix = route.prefix;
        change.remove = true;
        all.push_back(std::move(change));
    });
    change_routes(all);
    return all.size();
}

void IntentWriter::set_neighbour(const StaticNeighbour& neighbour) {
    const auto before = run_time_neighbours_;
    std::erase_if(run_time_neighbours_, [&](const StaticNeighbour& n) {
        return n.interface == neighbour.interface && n.address == neighbour.address;
    });
    if (!neighbour.mac.is_zero()) run_time_neighbours_.push_back(neighbour);
    try {
        publish(nullptr);
    } catch (...) {
        run_time_neighbours_ = before;
        throw;
    }
}

void IntentWriter::set_links(const std::vector<bool>& up) {
    if (up == links_) return;
    links_ = up;
    routes_.set_links(links_);
    if (!built_) return;
    if (const fib::Status status = sync_routes(); !is_settled(status)) {
        throw std::runtime_error(fib::describe(status));
    }
}

std::string IntentWriter::nat_rule_name(uint16_t id) const {
    for (uint32_t n = 0; n < std::min(last_nat_->settings.rule_count, layout::max_nat_rules); ++n) {
        const layout::NatRule& rule = last_nat_->rules[n];
        if (id != 0 && rule.id == id) {
            return std::string(rule.name, strnlen(rule.name, sizeof rule.name));
        }
    }
    return {};
}

void IntentWriter::request_trace(const layout::TraceRequest& request) {
    intent_.trace_sequence.write(intent_.trace, request);
}

void IntentWriter::clear_sessions(const layout::NatSessionFilter& filter, uint64_t number) {
    intent_.nat_clear_sequence.write(intent_.nat_clear, {number, filter});
}

}  // namespace sluice::intent
