// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/routes6.h"

#include <fmt/format.h>

#include "control/config/addresses.h"
#include "control/config/fields.h"
#include "control/config/interfaces.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

// Empty where packets can be handed to this address.
std::string why_no_next_hop6(net::Ipv6Address via, const Interface* through,
                             const Reading& reading) {
    if (via.is_link_local()) {
        return through != nullptr ? "" : "is link-local, so the route needs its \"interface\"";
    }
    if (std::string reason = why_no_host(via); !reason.empty()) return reason;
    if (const Interface* owner = reading.owner_of(via)) {
        return fmt::format("is the router's own address, on {}", owner->name);
    }
    const Interface* near = reading.connection_to(via);
    if (near == nullptr) {
        const bool may_be = through != nullptr || !reading.networks_known;
        return may_be ? "" : "is in no interface's IPv6 network";
    }
    if (through != nullptr && near != through) {
        return fmt::format("is in a network of {}, but the route leaves by {}", near->name,
                           through->name);
    }
    return {};
}

void read_via6(const json& value, const Interface* through, Route6& route, Reading& reading) {
    const auto items = items_of(&value);
    if (items.size() != 1) {
        reading.mistakes.add(value, "an IPv6 route has one next hop");
        return;
    }
    const json& item = *items.front();
    const auto via = read_address6(item, reading.mistakes);
    if (!via) return;
    if (const std::string reason = why_no_next_hop6(*via, through, reading); !reason.empty()) {
        reading.mistakes.add(item, fmt::format("{} {}", brief(item), reason));
        return;
    }
    route.via = *via;
    const Interface* out = through != nullptr ? through : reading.connection_to(*via);
    if (out != nullptr) route.interface = out->name;
}

bool stands_there(const json* value) { return value != nullptr && !value->empty() && *value != ""; }

void read_way6(const json& object, const Fields& fields, Route6& route, Reading& reading) {
    const json* via = fields.find("via");
    const json* interface = fields.find("interface");
    if (fields.is_wrong("type") || fields.is_wrong("via") || fields.is_wrong("interface")) return;
    if (route.type != RouteType::unicast) {
        for (const json* value : {via, interface}) {
            if (!stands_there(value)) continue;
            reading.mistakes.add(*value, fmt::format("a {} route drops its packets and has no way",
                                                     to_string(route.type)));
        }
        return;
    }
    if (!stands_there(via) && !stands_there(interface)) {
        reading.mistakes.add(object,
                             "lacks a way: \"via\" a next hop, or the \"interface\" that the "
                             "destinations are neighbours on");
        return;
    }
    const Interface* through = nullptr;
    if (stands_there(interface)) {
        through = read_interface_name(*interface, reading);
        if (through == nullptr) return;
        route.interface = through->name;
        if (!through->tunnel && through->addresses6.empty() && reading.networks_known) {
            reading.mistakes.add(
                *interface,
                fmt::format("{} has no IPv6 address, so it speaks none", through->name));
            return;
        }
    }
    if (stands_there(via)) read_via6(*via, through, route, reading);
}

}  // namespace

bool is_route6(const json& object) {
    const auto prefix = object.find("prefix");
    return prefix != object.end() && prefix->is_string() &&
           prefix->get_ref<const std::string&>().find(':') != std::string::npos;
}

void read_route6(const json& object, std::map<net::Ipv6Prefix, const json*>& seen,
                 Reading& reading) {
    const Fields fields(object, reading.mistakes);
    Route6 route;
    fields.read("type", route.type, route_type_names);
    fields.read("description", route.description);
    read_way6(object, fields, route, reading);

    const json& text = object["prefix"];
    const auto prefix = read_prefix6(text, reading.mistakes);
    if (!prefix) return;
    route.prefix = *prefix;
    if (reading.config.routes6.size() == max_routes6) {
        reading.mistakes.add(
            text, fmt::format("one IPv6 route more than the {} that there can be", max_routes6));
        return;
    }
    const auto [other, is_new] = seen.try_emplace(*prefix, &text);
    if (!is_new) {
        reading.mistakes.add(text, fmt::format("{} already has a route", brief(text)),
                             other->second);
    }
    reading.config.routes6.push_back(std::move(route));
}

}  // namespace sluice::config
