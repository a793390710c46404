// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/routes.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "control/config/addresses.h"
#include "control/config/fields.h"
#include "control/config/interfaces.h"
#include "control/config/routes6.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

// Empty where packets can be handed to this address; `through` is the interface that the route
// names, null where it names none.
std::string why_no_next_hop(net::Ipv4Address via, const Interface* through,
                            const Reading& reading) {
    if (std::string reason = why_no_host(via); !reason.empty()) return reason;
    if (const Interface* owner = reading.owner_of(via)) {
        return fmt::format("is the router's own address, on {}", owner->name);
    }
    const auto connection = reading.connection_to(via);
    if (!connection) {
        // A named interface may reach what is in no network of its own, as with /32 addresses.
        if (through != nullptr || !reading.networks_known) return {};
        return fmt::format("is in no interface's network; {}", networks_of(reading.config));
    }
    if (through != nullptr && connection->interface != through) {
        return fmt::format("is in {}'s network {}, but the route leaves by {}",
                           connection->interface->name,
                           net::to_string(connection->address.network()), through->name);
    }
    return why_no_host(via, connection->address.network());
}

void read_next_hops(const json* list, const Interface* through, Route& route, Reading& reading) {
    for (const json* value : items_of(list)) {
        const auto via = read_address(*value, reading.mistakes);
        if (!via) continue;
        const std::string reason = why_no_next_hop(*via, through, reading);
        if (!reason.empty()) {
            reading.mistakes.add(*value, fmt::format("{} {}", brief(*value), reason));
        } else if (std::find(route.via.begin(), route.via.end(), *via) != route.via.end()) {
            reading.mistakes.add(*value, fmt::format("{} stands here twice", brief(*value)));
        } else {
            route.via.push_back(*via);
        }
    }
}

bool is_given(const json* value) { return value != nullptr && !value->empty() && *value != ""; }

void read_way(const json& object, const Fields& fields, Route& route, Reading& reading) {
    const json* via = fields.find("via");
    const json* interface = fields.find("interface");
    if (fields.is_wrong("type")) return;
    if (route.type != RouteType::unicast) {
        for (const auto& [key, value] :
             {std::pair{"via", via}, std::pair{"interface", interface}}) {
            if (!is_given(value)) continue;
            reading.mistakes.add(*value, fmt::format("a {} route drops its packets and has no {}",
                                                     to_string(route.type), in_quotes(key)));
        }
        return;
    }
    if (fields.is_wrong("via") || fields.is_wrong("interface")) return;
    if (!is_given(via) && !is_given(interface)) {
        reading.mistakes.add(object,
                             "lacks a way: \"via\" a next hop, or the \"interface\" that the "
                             "destinations are neighbours on");
        return;
    }
    const Interface* through = nullptr;
    if (is_given(interface)) {
        through = read_routed_interface(*interface, reading);
        if (through == nullptr) return;
        route.interface = through->name;
    }
    read_next_hops(via, through, route, reading);
}

}  // namespace

void read_routes(const json& section, Reading& reading) {
    std::map<net::Ipv4Prefix, const json*> seen;
    std::map<net::Ipv6Prefix, const json*> seen6;
    for (const json* object : items_of(&section)) {
        const Fields fields(*object, reading.mistakes);
        if (!object->is_object()) continue;
        if (is_route6(*object)) {
            read_route6(*object, seen6, reading);
            continue;
        }
        Route route;
        fields.read("type", route.type, route_type_names);
        fields.read("description", route.description);
        read_way(*object, fields, route, reading);

        const json* prefix_text = fields.find("prefix");
        if (prefix_text == nullptr) continue;
        const auto prefix = read_prefix(*prefix_text, reading.mistakes);
        if (!prefix) continue;
        route.prefix = *prefix;
        const auto [other, is_new] = seen.try_emplace(*prefix, prefix_text);
        if (!is_new) {
            reading.mistakes.add(*prefix_text,
                                 fmt::format("{} already has a route", brief(*prefix_text)),
                                 other->second);
        }
        reading.config.routes.push_back(std::move(route));
    }
}

}  // namespace sluice::config
