// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/options_texts.h"

#include <bit>
#include <map>
#include <stdexcept>

namespace sluice::generator {
namespace {

const std::map<std::string, Workload> workload_names{{"routes", Workload::routes},
                                                     {"nat", Workload::nat},
                                                     {"gre", Workload::gre},
                                                     {"ipip", Workload::ipip},
                                                     {"mixed", Workload::mixed}};
const std::map<std::string, Draw> draw_names{
    {"uniform", Draw::uniform}, {"in-route", Draw::in_route}, {"zipf", Draw::zipf}};
const std::map<std::string, Mode> mode_names{{"rate", Mode::rate},
                                             {"ndr", Mode::ndr},
                                             {"pdr", Mode::pdr},
                                             {"back-to-back", Mode::back_to_back},
                                             {"soak", Mode::soak}};

template <typename Value>
std::string key_of(const std::map<std::string, Value>& names, Value value) {
    for (const auto& [name, each] : names) {
        if (each == value) return name;
    }
    return "?";
}

template <typename Value>
Value must(const char* option, const std::string& text, std::optional<Value> value,
           const char* like) {
    if (value) return *value;
    throw std::invalid_argument(std::string(option) + ": \"" + text + "\" is not like " + like);
}

net::Ipv4Address address_of(const char* option, const std::string& text) {
    return must(option, text, net::parse_address(text), "10.1.0.1");
}

void complete_side(SideOptions& side, const Texts::Side& t) {
    side.address =
        must("address", t.address, net::parse_interface_address(t.address), "10.1.0.2/24");
    side.gateway = address_of("gateway", t.gateway);
    side.hosts = net::Ipv4Prefix::of(side.address.address, 32);
    if (!t.hosts.empty())
        side.hosts = must("hosts", t.hosts, net::parse_prefix(t.hosts), "10.1.0.0/24");
    if (t.gateway_mac.empty()) return;
    side.gateway_mac =
        must("gateway-mac", t.gateway_mac, net::parse_mac(t.gateway_mac), "02:00:00:00:00:01");
}

net::Ipv4Prefix prefix_of(const char* option, const std::string& text) {
    return must(option, text, net::parse_prefix(text), "10.9.0.0/16");
}

void complete_tunnels(Options& o, const Texts& t) {
    o.tunnel_own =
        t.tunnel_own.empty() ? o.right.address.address : address_of("--tunnel-own", t.tunnel_own);
    o.tunnel_router =
        t.tunnel_router.empty() ? o.right.gateway : address_of("--tunnel-router", t.tunnel_router);
    o.tunnel_hosts =
        t.tunnel_hosts.empty() ? o.right.hosts : prefix_of("--tunnel-hosts", t.tunnel_hosts);
    if (!std::has_single_bit(o.tunnels)) {
        throw std::invalid_argument("--tunnels: 1, 2, 4, ..., so that hosts can be shared out");
    }
    if (o.tunnel_hosts.length + static_cast<unsigned>(std::countr_zero(o.tunnels)) > 32) {
        throw std::invalid_argument("--tunnels: fewer hosts than tunnels, see --tunnel-hosts");
    }
    if (o.tunnels > 1 && !t.prefixes.empty() && o.workload != Workload::mixed) {
        throw std::invalid_argument("--tunnels share out --right-hosts, so there is no --prefixes");
    }
    if (o.tunnels > 1 && o.workload != Workload::mixed) o.destinations = {o.tunnel_hosts};
}

void complete_mix(Options& o, const Texts& t) {
    if (o.workload != Workload::mixed) return;
    if (t.nat_hosts.empty() || t.tunnel_hosts.empty()) {
        throw std::invalid_argument("--workload mixed needs --nat-hosts and --tunnel-hosts");
    }
    o.nat_hosts = prefix_of("--nat-hosts", t.nat_hosts);
    if (o.nat_hosts.contains(o.left.hosts.address) || o.left.hosts.contains(o.nat_hosts.address)) {
        throw std::invalid_argument("--nat-hosts: apart from --left-hosts");
    }
}

}  // namespace

Mode mode_of(const std::string& name) { return mode_names.at(name); }

void complete(Options& o, const Texts& t) {
    complete_side(o.left, t.left);
    complete_side(o.right, t.right);
    o.workload = workload_names.at(t.workload);
    o.draw = draw_names.at(t.draw);
    o.to_right = t.direction != "left";
    o.to_left = t.direction != "right";
    const bool has_nat = o.workload == Workload::nat || o.workload == Workload::mixed;
    if (has_nat && !o.to_right) {
        throw std::invalid_argument(
            "--workload nat, mixed: replies alone can not be, for what is to be "
            "replied to? Take --direction both");
    }
    if (!o.pcap_file.empty() && (o.workload != Workload::routes || o.to_left)) {
        throw std::invalid_argument("--pcap goes to the right, with --workload routes");
    }
    o.sizes = parse_sizes(t.sizes);
    o.destinations = t.prefixes.empty() ? Prefixes{o.right.hosts} : read_prefixes(t.prefixes);
    if (t.has_key) o.gre_key = t.key;
    complete_tunnels(o, t);
    complete_mix(o, t);
}

std::string to_string(Mode mode) { return key_of(mode_names, mode); }
std::string to_string(Workload workload) { return key_of(workload_names, workload); }
std::string to_string(Draw draw) { return key_of(draw_names, draw); }
const char* to_string(Direction direction) {
    return direction == Direction::right ? "right" : "left";
}

}  // namespace sluice::generator
