// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <fmt/format.h>

#include "control/api/methods.h"
#include "control/api/nat_ports.h"
#include "control/api/nat_view.h"
#include "control/config/names.h"
#include "control/config/nat_shares.h"
#include "control/state/read.h"

namespace sluice::api {
namespace {

using config::NatRule;
using config::NatType;

json texts(const std::vector<config::AddressRange>& ranges) {
    json list = json::array();
    for (const config::AddressRange& range : ranges) list.push_back(config::to_string(range));
    return list;
}

// Null where nobody asks the target, or the dataplane has yet to do so.
json health_of(const Control& control, const NatRule& rule, uint32_t place) {
    const layout::State* state = control.state.said();
    if (rule.health.probe == config::NatProbe::none || state == nullptr) return nullptr;
    const uint64_t generation = state->main.generation.load(std::memory_order_acquire);
    if (generation != control.intent.generation() || place >= layout::max_nat_targets) {
        return nullptr;
    }
    return state->main.is_dead(place) ? "dead" : "alive";
}

json describe_targets(const Control& control, const NatRule& rule, layout::NatList places) {
    json list = json::array();
    uint32_t place = places.first;
    for (const config::NatTarget& t : rule.targets) {
        const std::string address = net::to_string(t.address);
        list.push_back({{"address", t.port == 0 ? address : fmt::format("{}:{}", address, t.port)},
                        {"weight", t.weight},
                        {"health", health_of(control, rule, place++)}});
    }
    return list;
}

json ports_of(const NatRule& rule) {
    const bool has_ports = rule.type == NatType::source || rule.type == NatType::forward;
    const config::PortRange ports = rule.type == NatType::forward ? rule.port : rule.ports;
    if (!has_ports) return nullptr;
    return ports.first == ports.last ? std::to_string(ports.first)
                                     : fmt::format("{}-{}", ports.first, ports.last);
}

// The address of the interface that a rule shares; null where it has none now.
json shared_address(const Control& control, const NatRule& rule) {
    const auto& name = rule.type == NatType::forward ? rule.in : rule.out;
    const config::Interface* interface = config::find_interface(control.intent.config(), name);
    if (interface == nullptr || interface->addresses.empty()) return nullptr;
    return net::to_string(interface->addresses[0].address);
}

std::string choice_of_ports(const NatRule& rule) {
    if (rule.type != NatType::source) return "";
    const auto& names = config::nat_port_choice_names;
    const auto found = std::ranges::find(names, rule.port_choice, [](auto& n) { return n.second; });
    return std::string(found->first);
}

json describe_rule(const Control& control, const NatRule& rule, const layout::NatRule& published) {
    const uint16_t id = published.id;
    const layout::State* state = control.state.get();
    const state::NatRuleTraffic traffic =
        state == nullptr ? state::NatRuleTraffic{} : state::nat_rule_traffic(*state, id);
    return {
        {"name", rule.name},
        {"id", id},
        {"type", config::to_string(rule.type)},
        {"description", rule.description},
        {"in", rule.in},
        {"out", rule.out},
        {"protocol", protocol_name(rule.protocol)},
        {"from", texts(rule.from)},
        {"destination", texts(rule.destination)},
        {"external",
         rule.to_interface ? json::array({shared_address(control, rule)}) : texts(rule.external)},
        {"to_interface", rule.to_interface},
        {"ports", ports_of(rule)},
        {"port_choice", choice_of_ports(rule)},
        {"block_size", rule.type == NatType::source ? rule.block_size : 0},
        {"internal", rule.type == NatType::fixed ? json(config::to_string(rule.internal)) : json()},
        {"targets", describe_targets(control, rule, published.targets)},
        {"source", rule.source_interface ? json::array({"interface"}) : texts(rule.source)},
        {"sessions", traffic.sessions},
        {"refused", traffic.refused},
        {"packets", traffic.packets}};
}

// `offered`: what rules have to give out, without what forwards reserve.
json describe_level(const nat::Level& level, uint32_t offered) {
    const uint32_t used = level.used, quarantined = level.quarantined;
    const uint64_t taken = uint64_t{used} + quarantined;
    return {{"used", used},
            {"quarantined", quarantined},
            {"reserved", level.reserved.load()},
            {"free", taken < offered ? offered - taken : 0}};
}

json describe_addresses(const Control& control) {
    OfferedPorts offered(control.intent.config());
    const std::span<const nat::AddressBlock> blocks = control.sessions.addresses();
    json list = json::array();
    for (const nat::AddressBlock& block : blocks) {
        const uint32_t address = block.address.load(std::memory_order_acquire);
        if (address == 0) continue;
        json one{{"address", net::to_string(net::Ipv4Address{address})}};
        constexpr std::pair<const char*, uint8_t> classes[] = {
            {"tcp", 6}, {"udp", 17}, {"icmp", 1}};
        for (unsigned c = 0; c < std::size(classes); ++c) {
            const auto& [name, protocol] = classes[c];
            one[name] = describe_level(block.levels[c], offered.count({address}, protocol));
        }
        list.push_back(std::move(one));
    }
    return list;
}

json list_rules(Control& control, const Params&) {
    control.state.refresh();
    control.sessions.refresh();
    json rules = json::array();
    const auto& all = control.intent.config().nat;
    for (size_t n = 0; n < all.size(); ++n) {
        rules.push_back(describe_rule(control, all[n], control.intent.nat().rules[n]));
    }
    return {{"rules", std::move(rules)},
            {"addresses", describe_addresses(control)},
            {"capacity", control.sessions.sessions().size()},
            {"trouble", control.sessions.trouble()}};
}

// Who has a port by a deterministic rule, or which ports a host inside has.
json owner(Control& control, const Params& params) {
    const auto address = net::parse_address(params.text("address"));
    if (!address) throw Failure(error::invalid_params, "\"address\" should be an IPv4 address");
    const auto port = params.optional_number("port", UINT16_MAX);
    const config::Config& config = control.intent.config();
    return {{"shares", port ? config::shares_with(config, *address, static_cast<uint16_t>(*port))
                            : config::shares_of(config, *address)}};
}

// A wish like any other: control says it, the workers see to it.
json clear(Control& control, const Params& params) {
    const layout::NatSessionFilter filter = session_filter_in(control, params);
    const bool asks_for_all = filter.rule == 0 && filter.address_mask == 0 &&
                              filter.external_mask == 0 && filter.port == 0 && filter.protocol == 0;
    if (asks_for_all && !params.flag("all")) {
        throw Failure(error::invalid_params, "say which sessions, or \"all\"");
    }
    // Time goes on when control is started again, so that no number comes twice.
    const uint64_t number = control::monotonic_ns();
    control.intent.clear_sessions(filter, number);
    return {{"request", number}};
}

json cleared(Control& control, const Params& params) {
    const uint64_t number = params.number("request", UINT64_MAX);
    control.state.refresh();
    const layout::State* state = control.state.get();
    const bool alive = control.state.dataplane_alive();
    bool done = alive;
    for (uint32_t w = 0; alive && w < state::worker_count(*state); ++w) {
        done = done && state->workers[w].nat_cleared.load(std::memory_order_acquire) >= number;
    }
    return {{"dataplane_alive", alive}, {"done", done}};
}

}  // namespace

std::span<const Method> nat_methods() {
    static constexpr Method methods[] = {{"nat.list", list_rules},
                                         {"nat.owner", owner},
                                         {"nat.clear", clear},
                                         {"nat.cleared", cleared}};
    return methods;
}

}  // namespace sluice::api
