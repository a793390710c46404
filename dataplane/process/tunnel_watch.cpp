// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/tunnel_watch.h"

#include <cstring>

#include <fmt/format.h>

#include "lib/layout/text.h"
#include "lib/log.h"

namespace sluice {
namespace {

using layout::EventKind;
using layout::InterfaceCondition;

// A tunnel comes a moment before its routes and the first answer do: that it is down then is news
// only when it stays so.
constexpr uint64_t settling_ns = 2'000'000'000;

InterfaceId id_of(unsigned place) noexcept {
    return static_cast<InterfaceId>(layout::max_ports + place);
}

std::string_view name_of(const layout::Tunnel& wish) noexcept {
    return {wish.name, strnlen(wish.name, sizeof wish.name)};
}

}  // namespace

TunnelWatch::TunnelWatch(layout::State& state, Report& report)
    : state_(state), report_(report), seen_(layout::max_tunnels) {}

void TunnelWatch::follow(const layout::Snapshot& s) {
    places_.clear();
    for (unsigned place = 0; place < layout::max_tunnels; ++place) {
        if (s.tunnels[place].name[0] != '\0' || seen_[place].exists) places_.push_back(place);
    }
}

bool TunnelWatch::look(const layout::Snapshot& s, const fib::Table& routes,
                       std::span<const InterfaceFacts> ports, uint64_t now_ns) {
    bool changed = false;
    for (const unsigned place : places_) {
        changed |= look_at(place, s, routes, ports, now_ns);
    }
    return changed;
}

bool TunnelWatch::look_at(unsigned place, const layout::Snapshot& s, const fib::Table& routes,
                          std::span<const InterfaceFacts> ports, uint64_t now_ns) {
    Seen& seen = seen_[place];
    const layout::Tunnel& wish = s.tunnels[place];
    if (wish.name[0] == '\0') {
        if (!seen.exists) return false;
        seen = Seen{};
        write_status(place, s);
        return true;
    }
    begin_anew(place, wish);
    const auto now = tunnel::condition_of(
        place, s, routes, ports,
        std::span<const layout::TunnelState, layout::max_tunnels>(state_.tunnels), now_ns);
    const bool changed = !seen.exists || seen.condition != now;
    if (!seen.exists) seen.since_ns = now_ns;
    const bool settles =
        !seen.told_up.has_value() && !now.is_up() && now_ns - seen.since_ns < settling_ns;
    const bool turned = seen.told_up != now.is_up() && !settles;
    seen.exists = true;
    seen.condition = now;
    if (turned) tell(place, s);
    if (changed || turned) write_status(place, s);
    return changed;
}

// What was remembered of another tunnel at this place says nothing of this one.
void TunnelWatch::begin_anew(unsigned place, const layout::Tunnel& wish) {
    layout::TunnelState& state = state_.tunnels[place];
    const uint64_t identity = tunnel::identity_of(wish);
    if (state.identity.load(std::memory_order_relaxed) == identity) return;
    state.path_mtu.store(0, std::memory_order_relaxed);
    state.answered_ns.store(0, std::memory_order_relaxed);
    state.sent.store(0, std::memory_order_relaxed);
    state.expected.store(0, std::memory_order_relaxed);
    state.identity.store(identity, std::memory_order_relaxed);
}

void TunnelWatch::tell(unsigned place, const layout::Snapshot& s) {
    Seen& seen = seen_[place];
    const bool up = seen.condition.is_up();
    seen.told_up = up;
    ++seen.link_changes;
    report_.interface(up ? EventKind::interface_up : EventKind::interface_down, id_of(place),
                      name_of(s.tunnels[place]),
                      up ? fmt::format("mtu={}", seen.condition.mtu)
                         : fmt::format("reason=\"{}\"", tunnel::sentence(seen.condition, s)));
}

void TunnelWatch::write_status(unsigned place, const layout::Snapshot& s) {
    const Seen& seen = seen_[place];
    layout::InterfaceStatus status{};
    if (seen.exists) {
        const bool disabled = seen.condition.obstacle == tunnel::Obstacle::disabled;
        status.generation = generation_;
        status.condition = seen.condition.is_up() ? InterfaceCondition::up
                           : disabled             ? InterfaceCondition::disabled
                                                  : InterfaceCondition::down;
        status.mtu = seen.condition.mtu;
        status.link_changes = seen.link_changes;
        layout::copy_text(status.name, name_of(s.tunnels[place]));
        layout::copy_text(status.driver, "tunnel");
        layout::copy_text(status.why, tunnel::sentence(seen.condition, s));
    }
    layout::InterfaceBlock& block = state_.interfaces[id_of(place)];
    block.sequence.write(block.status, status);
}

void TunnelWatch::answer(const layout::Snapshot& s) {
    generation_ = s.generation;
    for (const unsigned place : places_) {
        if (seen_[place].exists) write_status(place, s);
    }
}

std::vector<InterfaceFacts> TunnelWatch::facts(std::span<const InterfaceFacts> ports) const {
    std::vector<InterfaceFacts> all(ports.begin(), ports.end());
    all.resize(layout::max_interfaces);
    for (const unsigned place : places_) {
        const tunnel::Condition& c = seen_[place].condition;
        if (seen_[place].exists) all[id_of(place)] = {c.is_up(), {}, c.mtu};
    }
    return all;
}

std::vector<Errand> TunnelWatch::keepalives(const layout::Snapshot& s, uint64_t now_ns) const {
    const uint64_t second = now_ns / 1'000'000'000;
    std::vector<Errand> errands;
    for (const unsigned place : places_) {
        const layout::Tunnel& wish = s.tunnels[place];
        if (!seen_[place].exists || wish.enabled == 0 || wish.keepalive_s == 0) continue;
        const bool waits_for_first = seen_[place].condition.obstacle == tunnel::Obstacle::no_answer;
        // Not all of thousands in the same second.
        if (waits_for_first || (second + place) % wish.keepalive_s == 0) {
            errands.push_back({Errand::Kind::keepalive, id_of(place), {}});
        }
    }
    return errands;
}

}  // namespace sluice
