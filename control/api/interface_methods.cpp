// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/api/methods.h"
#include "control/config/wording.h"
#include "control/state/read.h"

namespace sluice::api {
namespace {

constexpr std::array<const char*, static_cast<size_t>(layout::Feature::count)> feature_names{{
#define X(name) #name,
    SLUICE_FEATURES(X)
#undef X
}};

constexpr std::array allowance_names{"bw_in",     "bw_out",    "pps",
                                     "conntrack", "linklocal", "conntrack_available"};

json features(uint32_t bits) {
    json names = json::array();
    for (size_t i = 0; i < feature_names.size(); ++i) {
        if ((bits >> i & 1) != 0) names.push_back(feature_names[i]);
    }
    return names;
}

// A tunnel has its ends in place of a device; `show tunnel` tells more.
std::string device_of(const config::Interface& wish) {
    if (!wish.tunnel) return wish.device;
    return fmt::format("{} to {}", config::to_string(wish.tunnel->type),
                       net::to_string(wish.tunnel->remote));
}

json mtu_of(const config::Interface& wish) {
    if (!wish.tunnel) return wish.mtu;
    return wish.tunnel->mtu ? json(*wish.tunnel->mtu) : json("auto");
}

json asked(const config::Interface& wish) {
    json addresses = json::array();
    for (const net::InterfaceAddress& a : wish.addresses) addresses.push_back(net::to_string(a));
    for (const net::Ipv6InterfaceAddress& a : wish.addresses6) {
        addresses.push_back(net::to_string(a));
    }
    json all{{"device", device_of(wish)},
             {"enabled", wish.enabled},
             {"addresses", std::move(addresses)},
             {"mtu", mtu_of(wish)}};
    if (wish.tunnel) return all;
    all.update({{"mac", wish.mac ? json(net::to_string(*wish.mac)) : json()},
                {"rx_queues", wish.rx_queues ? json(*wish.rx_queues) : json("auto")},
                {"rx_descriptors", wish.rx_descriptors},
                {"tx_descriptors", wish.tx_descriptors}});
    return all;
}

json got_by_tunnel(const layout::InterfaceStatus& s) {
    return {{"driver", state::text(s.driver)},
            {"mtu", s.mtu},
            {"link_changes", s.link_changes},
            {"generation", s.generation}};
}

json got_by_port(const layout::InterfaceStatus& s) {
    return {{"driver", state::text(s.driver)},
            {"port", s.port},
            {"mac", net::to_string(net::MacAddress::from_bits(s.mac))},
            {"mtu", s.mtu},
            {"speed_mbps", s.speed_mbps},
            {"rx_queues", s.rx_queues},
            {"tx_queues", s.tx_queues},
            {"rx_descriptors", s.rx_descriptors},
            {"tx_descriptors", s.tx_descriptors},
            {"features_asked", features(s.asked)},
            {"features_granted", features(s.granted)},
            {"link_changes", s.link_changes},
            {"generation", s.generation}};
}

json rates(const std::optional<control::Rate>& rate) {
    if (!rate) return nullptr;
    return {{"rx_packets_per_s", rate->rx_packets_per_s},
            {"rx_bits_per_s", rate->rx_bits_per_s},
            {"tx_packets_per_s", rate->tx_packets_per_s},
            {"tx_bits_per_s", rate->tx_bits_per_s}};
}

json device_counters(const layout::DeviceCounters& d) {
    json allowance = json::object();
    for (size_t i = 0; i < allowance_names.size(); ++i) {
        allowance[allowance_names[i]] = d.allowance[i].get();
    }
    return {{"rx_missed", d.rx_missed.get()},
            {"rx_errors", d.rx_errors.get()},
            {"rx_no_buffer", d.rx_no_buffer.get()},
            {"tx_errors", d.tx_errors.get()},
            {"allowance", std::move(allowance)}};
}

json bridged_with(const Control& control, const config::Interface& wish) {
    const auto other = control.intent.directory().bridged_with(wish);
    return other ? json(control.intent.config().interfaces[*other].name) : json();
}

json describe_interface(const Control& control, const config::Interface& wish) {
    const layout::InterfaceId id = control.intent.interface_id(wish.name);
    json result{{"name", wish.name},
                {"id", id},
                {"description", wish.description},
                {"condition", "unknown"},
                {"why", ""},
                {"asked", asked(wish)},
                {"bridged_with", bridged_with(control, wish)},
                {"got", nullptr},
                {"counters", nullptr},
                {"rates", nullptr},
                {"device_counters", nullptr}};
    const layout::State* state = control.state.get();
    if (state == nullptr || id >= layout::max_interfaces) return result;
    const state::Traffic t = state::traffic(*state, id);
    result["counters"] = {{"rx_packets", t.rx_packets},
                          {"rx_bytes", t.rx_bytes},
                          {"tx_packets", t.tx_packets},
                          {"tx_bytes", t.tx_bytes}};
    result["rates"] = rates(control.rates.of(id));
    if (!wish.tunnel) result["device_counters"] = device_counters(state->interfaces[id].device);
    if (control.state.dataplane_starting()) {
        result["condition"] = state::to_string(layout::InterfaceCondition::starting);
        return result;
    }
    const auto status = state::interface_status(*state, id);
    if (!status || state::text(status->name) != wish.name) return result;
    if (control.state.dataplane_alive()) result["condition"] = state::to_string(status->condition);
    result["why"] = state::text(status->why);
    result["got"] = wish.tunnel ? got_by_tunnel(*status) : got_by_port(*status);
    return result;
}

json list_interfaces(Control& control, const Params& params) {
    const auto only = params.optional_text("name");
    control.state.refresh();
    control.follow_links();
    json interfaces = json::array();
    std::vector<std::string> names;
    for (const config::Interface& wish : control.intent.config().interfaces) {
        names.push_back(wish.name);
        if (!only || *only == wish.name) interfaces.push_back(describe_interface(control, wish));
    }
    if (only && interfaces.empty()) {
        throw Failure(error::refused,
                      fmt::format("there is no interface {}; there {} {}", config::in_quotes(*only),
                                  names.size() == 1 ? "is" : "are", config::listed(names)));
    }
    return {{"dataplane_alive", control.state.dataplane_alive()},
            {"interfaces", std::move(interfaces)}};
}

}  // namespace

std::span<const Method> interface_methods() {
    static constexpr Method methods[] = {{"interface.list", list_interfaces}};
    return methods;
}

}  // namespace sluice::api
