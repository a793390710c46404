// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/route6_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/api/route_view.h"
#include "control/process/control.h"
#include "control/state/read.h"

namespace sluice::api {
namespace {

struct KnownRoute6 {
    net::Ipv6Prefix prefix;
    const char* source;
    std::string_view kind;
    std::string interface = {};
    std::optional<net::Ipv6Address> via = {};
};

std::vector<KnownRoute6> all_routes6(const config::Config& config) {
    std::vector<KnownRoute6> all;
    for (const config::Interface& i : config.interfaces) {
        if (!i.enabled) continue;
        for (const net::Ipv6InterfaceAddress& own : i.addresses6) {
            all.push_back({net::Ipv6Prefix::of(own.address, 128), "connected", "local", i.name});
            if (own.length < 128) all.push_back({own.network(), "connected", "connected", i.name});
        }
    }
    for (const config::Route6& r : config.routes6) {
        const std::string_view kind = r.type != config::RouteType::unicast ? to_string(r.type)
                                      : r.via                              ? "gateway"
                                                                           : "connected";
        all.push_back({r.prefix, "configured", kind, r.interface, r.via});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.prefix < b.prefix; });
    return all;
}

std::string way_of6(const KnownRoute6& r) {
    if (r.via) return fmt::format("via {} dev {}", net::to_string(*r.via), r.interface);
    if (r.interface.empty()) return std::string(r.kind);
    return r.kind == "local" ? "local dev " + r.interface : "dev " + r.interface;
}

// "unknown" where the dataplane has not said.
std::string condition_of6(const Control& control, const std::string& interface) {
    const layout::State* state = control.state.said();
    const layout::InterfaceId id = control.intent.interface_id(interface);
    if (state == nullptr || id >= layout::max_interfaces) return "unknown";
    const auto status = state::interface_status(*state, id);
    if (!status || state::text(status->name) != interface) return "unknown";
    return std::string(state::to_string(status->condition));
}

bool is_alive6(const Control& control, const KnownRoute6& r) {
    if (r.interface.empty() || r.kind == "local") return true;
    const std::string condition = condition_of6(control, r.interface);
    return condition == "up" || condition == "unknown";
}

json neighbour6(const Control& control, const std::string& interface, net::Ipv6Address address) {
    const layout::State* state = control.state.get();
    if (state == nullptr) return nullptr;
    for (const state::NeighbourView& n : state::neighbours(*state)) {
        if (n.address6 != address || control.intent.interface_name(n.interface) != interface) {
            continue;
        }
        return {{"condition", state::to_string(n.link.condition())},
                {"mac", n.link.mac().is_zero() ? json() : json(net::to_string(n.link.mac()))},
                {"static", n.link.is_static()}};
    }
    return nullptr;
}

json next_hop6(const Control& control, const KnownRoute6& r, net::Ipv6Address towards) {
    json hop{{"id", 0}, {"kind", r.kind}, {"way", way_of6(r)}};
    if (r.interface.empty()) return hop;
    hop["interface"] = r.interface;
    if (r.kind == "local") return hop;
    hop["interface_condition"] = condition_of6(control, r.interface);
    const auto* wish = config::find_interface(control.intent.config(), r.interface);
    if (wish == nullptr || wish->tunnel) return hop;
    hop["mtu"] = wish->mtu;
    const net::Ipv6Address next = r.via.value_or(towards);
    hop["address"] = net::to_string(next);
    hop["neighbour"] = neighbour6(control, r.interface, next);
    return hop;
}

// The longest that contains the address; null where there is none.
const KnownRoute6* longest6(const Control& control, const std::vector<KnownRoute6>& all,
                            net::Ipv6Address address, json& dead) {
    const KnownRoute6* best = nullptr;
    for (const KnownRoute6& r : all) {
        if (!r.prefix.contains(address)) continue;
        if (is_alive6(control, r)) {
            if (best == nullptr || r.prefix.length > best->prefix.length) best = &r;
            continue;
        }
        dead.push_back({{"prefix", net::to_string(r.prefix)},
                        {"source", r.source},
                        {"way", way_of6(r)},
                        {"why_not", fmt::format("interface {} is {}", r.interface,
                                                condition_of6(control, r.interface))}});
    }
    return best;
}

}  // namespace

json lookup6(const Control& control, net::Ipv6Address address) {
    const auto all = all_routes6(control.intent.config());
    json result{{"address", net::to_string(address)},
                {"prefix", nullptr},
                {"next_hop", nullptr},
                {"candidates", json::array()},
                {"reached", false},
                {"why_not", ""},
                {"dead", json::array()}};
    const KnownRoute6* route = longest6(control, all, address, result["dead"]);
    if (route == nullptr) {
        result["why_not"] = "no route covers it";
        return result;
    }
    const json hop = next_hop6(control, *route, address);
    result["prefix"] = net::to_string(route->prefix);
    result["next_hop"] = hop;
    result["candidates"].push_back(
        {{"source", route->source}, {"alive", true}, {"chosen", true}, {"next_hop", hop}});
    result["why_not"] = why_not(hop);
    result["reached"] = result["why_not"] == "";
    return result;
}

json routes6_inside(const Control& control, net::Ipv6Prefix inside) {
    json rows = json::array();
    for (const KnownRoute6& r : all_routes6(control.intent.config())) {
        if (!inside.contains(r.prefix)) continue;
        rows.push_back(
            {{"prefix", net::to_string(r.prefix)}, {"source", r.source}, {"way", way_of6(r)}});
    }
    return rows;
}

}  // namespace sluice::api
