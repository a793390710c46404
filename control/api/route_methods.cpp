// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>

#include <fmt/format.h>

#include "control/api/methods.h"
#include "control/api/route6_view.h"
#include "control/api/route_view.h"
#include "control/config/wording.h"
#include "control/routes/route_lines.h"

namespace sluice::api {
namespace {

constexpr size_t errors_shown = 100;

std::vector<net::Ipv4Address> addresses_in(const json& list) {
    std::vector<net::Ipv4Address> result;
    for (const json& value : list) {
        const auto address = value.is_string()
                                 ? net::parse_address(value.get_ref<const std::string&>())
                                 : std::nullopt;
        if (!address) {
            throw Failure(error::invalid_params, "\"via\" should be a list of IPv4 addresses");
        }
        result.push_back(*address);
    }
    return result;
}

json line_error(uint32_t line, const std::string& message) {
    return {{"line", line}, {"message", message}};
}

// Lines that cannot be read stop everything; a route that cannot be had concerns only itself.
json change(Control& control, const Params& params) {
    const auto via = addresses_in(params.list("via"));
    const bool remove = params.flag("remove");
    routes::RouteLines read = routes::read_route_lines(
        params.text("text"), via, remove ? routes::Lines::remove : routes::Lines::add);
    if (read.problem_count > 0) {
        json problems = json::array();
        for (const auto& p : read.problems) problems.push_back(line_error(p.line, p.message));
        throw Failure(error::refused,
                      fmt::format("{} line{} cannot be read; nothing was changed",
                                  read.problem_count, read.problem_count == 1 ? "" : "s"),
                      {{"errors", std::move(problems)}, {"error_count", read.problem_count}});
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto errors = control.intent.change_routes(read.changes);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    json shown = json::array();
    for (size_t i = 0; i < errors.size() && i < errors_shown; ++i) {
        const std::string prefix = net::to_string(read.changes[errors[i].index].prefix);
        shown.push_back(line_error(read.lines[errors[i].index], prefix + ": " + errors[i].message));
    }
    return {{"changed", read.changes.size() - errors.size()},
            {"errors", std::move(shown)},
            {"error_count", errors.size()},
            {"seconds", taken.count()},
            {"routes", control.intent.routes().chosen().size()}};
}

json flush(Control& control, const Params&) { return {{"changed", control.intent.flush_routes()}}; }

// Routes that would take the address, were their next hops alive: the longest first.
json longer_dead_routes(const Control& control, net::Ipv4Address address, unsigned shortest) {
    json result = json::array();
    for (unsigned length = 33; length-- > shortest;) {
        const auto prefix = net::Ipv4Prefix::of(address, length);
        for (const json& candidate : describe_candidates(control, prefix, address)) {
            if (candidate["alive"]) continue;
            const json& hop = candidate["next_hop"];
            result.push_back({{"prefix", net::to_string(prefix)},
                              {"source", candidate["source"]},
                              {"way", hop["way"]},
                              {"why_not", why_not(hop)}});
        }
    }
    return result;
}

// Where a packet to the address goes, and why.
json lookup(Control& control, const Params& params) {
    control.state.refresh();
    if (const auto address = net::parse_address6(params.text("address"))) {
        return lookup6(control, *address);
    }
    const net::Ipv4Address address = params.address("address");
    const auto route = control.intent.routes().chosen().longest_match(address);
    json result{{"address", net::to_string(address)}, {"prefix", nullptr}, {"next_hop", nullptr},
                {"candidates", json::array()},        {"reached", false},  {"why_not", ""}};
    result["dead"] = longer_dead_routes(control, address, route ? route->prefix.length + 1u : 0u);
    if (!route) {
        result["why_not"] = result["dead"].empty()
                                ? "no route covers it"
                                : "every route that covers it leads over a link that is down";
        return result;
    }
    result["prefix"] = net::to_string(route->prefix);
    result["next_hop"] = describe_next_hop(control, route->next_hop, address);
    result["candidates"] = describe_candidates(control, route->prefix, address);
    result["why_not"] = why_not(result["next_hop"]);
    result["reached"] = result["why_not"] == "";
    return result;
}

net::Ipv4Prefix prefix_in(const Params& params) {
    const auto text = params.optional_text("inside");
    if (!text) return {};
    const auto prefix = net::parse_prefix(*text);
    if (!prefix) {
        throw Failure(
            error::invalid_params,
            fmt::format("\"inside\" should be an IPv4 prefix, not {}", config::in_quotes(*text)));
    }
    return *prefix;
}

std::string source_of(const Control& control, net::Ipv4Prefix prefix) {
    static constexpr const char* names[] = {"connected", "configured", "runtime", "builtin"};
    for (const routes::Candidate& c : control.intent.routes().candidates(prefix)) {
        if (c.chosen) return names[static_cast<size_t>(c.source)];
    }
    return "unknown";
}

// Of IPv6 there are none that were added at run time, and few enough to be told all at once.
json list_ipv6(const Control& control, net::Ipv6Prefix inside) {
    json rows = routes6_inside(control, inside);
    const size_t count = rows.size();
    return {{"routes", std::move(rows)},
            {"matching", count},
            {"total", count},
            {"candidates", json::array()}};
}

json list_routes(Control& control, const Params& params) {
    const auto text = params.optional_text("inside");
    if (const auto inside6 = net::parse_interface_address6(text.value_or(""))) {
        return list_ipv6(control, inside6->network());
    }
    const net::Ipv4Prefix inside = prefix_in(params);
    const uint64_t limit = params.number_or("limit", 1000, 100'000);
    const uint64_t skip = params.number_or("skip", 0, UINT32_MAX);
    std::vector<fib::Route> shown;
    uint64_t inside_count = 0;
    control.intent.routes().chosen().for_each(inside, [&](const fib::Route& route) {
        const uint64_t place = inside_count++;
        if (place >= skip && shown.size() < limit) shown.push_back(route);
    });
    json rows = json::array();
    for (const fib::Route& route : shown) {
        rows.push_back({{"prefix", net::to_string(route.prefix)},
                        {"source", source_of(control, route.prefix)},
                        {"way", way_text(control, route.next_hop)}});
    }
    json result{{"routes", std::move(rows)},
                {"matching", inside_count},
                {"total", control.intent.routes().chosen().size()},
                {"candidates", json::array()},
                {"routes6", text ? json::array() : routes6_inside(control, {})}};
    if (inside.length > 0) result["candidates"] = describe_candidates(control, inside, {});
    return result;
}

}  // namespace

std::span<const Method> route_methods() {
    static constexpr Method methods[] = {{"route.change", change},
                                         {"route.flush", flush},
                                         {"route.lookup", lookup},
                                         {"route.list", list_routes}};
    return methods;
}

}  // namespace sluice::api
