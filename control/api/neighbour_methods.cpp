// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <fmt/format.h>

#include "control/api/methods.h"
#include "control/config/addresses.h"
#include "control/state/read.h"

namespace sluice::api {
namespace {

struct Target {
    std::string interface;
    net::Ipv4Address address;
};

Target target_of(const Control& control, const Params& params) {
    const std::string& name = params.text("interface");
    if (config::find_interface(control.intent.config(), name) == nullptr) {
        throw Failure(error::refused, fmt::format("there is no interface \"{}\"", name));
    }
    return {name, params.address("address")};
}

json add(Control& control, const Params& params) {
    const Target target = target_of(control, params);
    if (const std::string reason = config::why_no_host(target.address); !reason.empty()) {
        throw Failure(error::refused, net::to_string(target.address) + " " + reason);
    }
    const auto& interfaces = control.intent.config().interfaces;
    const auto& known = control.intent.directory().ipv4;
    if (const auto owner = known.owner_of(target.address)) {
        throw Failure(error::refused,
                      fmt::format("{} is the router's own address, on {}",
                                  net::to_string(target.address), interfaces[*owner].name));
    }
    const auto mac = net::parse_mac(params.text("mac"));
    if (!mac || mac->is_zero() || mac->is_multicast()) {
        throw Failure(error::invalid_params, "\"mac\" should be one station's MAC address");
    }
    const auto network = known.network_of(target.address);
    const bool on_link = network && interfaces[network->interface].name == target.interface;
    control.intent.set_neighbour({target.interface, target.address, *mac});
    return {{"on_link", on_link}};
}

json remove(Control& control, const Params& params) {
    const Target target = target_of(control, params);
    const auto known = control.intent.run_time_neighbours();
    const bool there = std::any_of(known.begin(), known.end(), [&](const auto& n) {
        return n.interface == target.interface && n.address == target.address;
    });
    if (!there) {
        throw Failure(error::refused,
                      fmt::format("no neighbour {} on {} was added at run time",
                                  net::to_string(target.address), target.interface));
    }
    control.intent.set_neighbour({target.interface, target.address, {}});
    return json::object();
}

json list_neighbours(Control& control, const Params& params) {
    const auto only = params.optional_text("interface");
    control.state.refresh();
    json rows = json::array();
    if (const layout::State* state = control.state.get()) {
        for (const state::NeighbourView& n : state::neighbours(*state)) {
            const std::string interface = control.intent.interface_name(n.interface);
            if (only && *only != interface) continue;
            rows.push_back(
                {{"interface", interface},
                 {"address", state::address_text(n)},
                 {"mac", n.link.mac().is_zero() ? json() : json(net::to_string(n.link.mac()))},
                 {"condition", state::to_string(n.link.condition())},
                 {"static", n.link.is_static()},
                 {"next_hop", n.link.pinned()},
                 {"attempts", n.attempts}});
        }
    }
    return {{"neighbours", std::move(rows)}};
}

}  // namespace

std::span<const Method> neighbour_methods() {
    static constexpr Method methods[] = {
        {"neighbour.add", add}, {"neighbour.remove", remove}, {"neighbour.list", list_neighbours}};
    return methods;
}

}  // namespace sluice::api
