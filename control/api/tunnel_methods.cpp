// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "control/api/methods.h"
#include "control/api/route_view.h"
#include "control/config/wording.h"
#include "control/state/read.h"
#include "dataplane/tunnel/condition.h"

namespace sluice::api {
namespace {

json wish_of(const config::Tunnel& wish) {
    return {{"type", config::to_string(wish.type)},
            {"local", net::to_string(wish.local)},
            {"remote", net::to_string(wish.remote)},
            {"any_remote", wish.any_remote},
            {"udp_port", wish.udp_port ? json(*wish.udp_port) : json()},
            {"key", wish.key ? json(*wish.key) : json()},
            {"checksum", wish.checksum},
            {"sequence", wish.sequence},
            {"bridge", wish.bridge},
            {"keepalive_s", wish.keepalive_s}};
}

json counters_of(const layout::State& state, layout::InterfaceId id) {
    const state::Traffic t = state::traffic(state, id);
    return {{"rx_packets", t.rx_packets},
            {"rx_bytes", t.rx_bytes},
            {"tx_packets", t.tx_packets},
            {"tx_bytes", t.tx_bytes}};
}

void add_state(json& result, const Control& control, const layout::State& state,
               layout::InterfaceId id, const config::Interface& wish) {
    result["counters"] = counters_of(state, id);
    const auto status = state::interface_status(state, id);
    if (!status || state::text(status->name) != wish.name) return;
    if (control.state.dataplane_alive()) result["condition"] = state::to_string(status->condition);
    result["why"] = state::text(status->why);
    result["mtu"] = status->mtu;

    const layout::TunnelState& kept = state.tunnels[id - layout::max_ports];
    const uint64_t now = control::monotonic_ns();
    if (const uint32_t told = tunnel::path_mtu(kept, now); told != 0) result["path_mtu"] = told;
    const uint64_t answered = kept.answered_ns.load(std::memory_order_relaxed);
    if (answered != 0 && answered <= now) {
        result["answered_ago_s"] = static_cast<double>(now - answered) / 1e9;
    }
}

// How outer packets leave, as the routes have it now; null where none leads to the remote.
json way_to(const Control& control, net::Ipv4Address remote) {
    const auto route = control.intent.routes().chosen().longest_match(remote);
    return route ? json(way_text(control, route->next_hop)) : json();
}

json describe_tunnel(const Control& control, const config::Interface& wish) {
    json addresses = json::array();
    for (const net::InterfaceAddress& a : wish.addresses) addresses.push_back(net::to_string(a));
    json result{{"name", wish.name},
                {"description", wish.description},
                {"addresses", std::move(addresses)},
                {"condition", "unknown"},
                {"why", ""},
                {"way", way_to(control, wish.tunnel->remote)},
                {"mtu", nullptr},
                {"path_mtu", nullptr},
                {"answered_ago_s", nullptr},
                {"counters", nullptr}};
    result.update(wish_of(*wish.tunnel));
    const layout::InterfaceId id = control.intent.interface_id(wish.name);
    const layout::State* state = control.state.get();
    if (state != nullptr && layout::is_tunnel(id)) add_state(result, control, *state, id, wish);
    return result;
}

json list(Control& control, const Params& params) {
    const auto only = params.optional_text("name");
    control.state.refresh();
    control.follow_links();
    json tunnels = json::array();
    for (const config::Interface& wish : control.intent.config().interfaces) {
        if (!wish.tunnel || (only && *only != wish.name)) continue;
        tunnels.push_back(describe_tunnel(control, wish));
    }
    if (only && tunnels.empty()) {
        throw Failure(error::refused,
                      fmt::format("there is no tunnel {}", config::in_quotes(*only)));
    }
    return {{"dataplane_alive", control.state.dataplane_alive()}, {"tunnels", std::move(tunnels)}};
}

}  // namespace

std::span<const Method> tunnel_methods() {
    static constexpr Method methods[] = {{"tunnel.list", list}};
    return methods;
}

}  // namespace sluice::api
