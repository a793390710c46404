// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/nat_snapshot.h"

#include <algorithm>
#include <span>
#include <stdexcept>

#include <fmt/format.h>

#include "control/intent/nat_ids.h"
#include "lib/layout/nat_log.h"
#include "lib/layout/text.h"

namespace sluice::intent {
namespace {

using config::AddressRange;
using layout::Nat;
using layout::NatList;

static_assert(config::max_nat_rules == layout::max_nat_rules);
static_assert(config::max_nat_ranges == layout::max_nat_ranges);
static_assert(config::max_nat_targets == layout::max_nat_targets);
static_assert(config::max_nat_addresses == layout::max_nat_addresses);
static_assert(config::max_nat_name < sizeof layout::NatRule::name);

// The choices are numbered alike on both sides.
template <typename To, typename From>
constexpr To same(From choice) {
    return static_cast<To>(choice);
}
static_assert(same<layout::NatMapping>(config::NatMapping::endpoint_dependent) ==
              layout::NatMapping::endpoint_dependent);
static_assert(same<layout::NatFiltering>(config::NatFiltering::address_dependent) ==
              layout::NatFiltering::address_dependent);
static_assert(same<layout::NatFiltering>(config::NatFiltering::address_and_port_dependent) ==
              layout::NatFiltering::address_and_port_dependent);
static_assert(same<layout::NatPooling>(config::NatPooling::arbitrary) ==
              layout::NatPooling::arbitrary);
static_assert(same<layout::NatPortChoice>(config::NatPortChoice::blocks) ==
              layout::NatPortChoice::blocks);
static_assert(same<layout::NatPortChoice>(config::NatPortChoice::deterministic) ==
              layout::NatPortChoice::deterministic);
static_assert(static_cast<uint32_t>(config::NatLogEvent::sessions) == layout::log_sessions &&
              static_cast<uint32_t>(config::NatLogEvent::port_blocks) == layout::log_port_blocks &&
              static_cast<uint32_t>(config::NatLogEvent::exhaustion) == layout::log_exhaustion &&
              static_cast<uint32_t>(config::NatLogEvent::limits) == layout::log_limits);
static_assert(static_cast<layout::NatProbe>(config::NatProbe::tcp) == layout::NatProbe::tcp);
static_assert(same<layout::NatExpired>(config::NatExpired::rst) == layout::NatExpired::reset);

layout::NatKind kind_of(config::NatType type) {
    switch (type) {
        case config::NatType::source: return layout::NatKind::source;
        case config::NatType::dynamic: return layout::NatKind::dynamic;
        case config::NatType::fixed: return layout::NatKind::fixed;
        case config::NatType::forward: return layout::NatKind::forward;
        case config::NatType::exempt: return layout::NatKind::exempt;
    }
    return layout::NatKind::none;
}

NatList add_ranges(Nat& nat, std::span<const AddressRange> ranges) {
    uint32_t& count = nat.settings.range_count;
    if (ranges.size() > layout::max_nat_ranges - count) {
        throw std::runtime_error(fmt::format(
            "the NAT's rules have more than {} ranges of addresses", layout::max_nat_ranges));
    }
    const NatList list{static_cast<uint16_t>(count), static_cast<uint16_t>(ranges.size())};
    for (const AddressRange& r : ranges) nat.ranges[count++] = {r.first.value, r.last.value};
    return list;
}

NatList add_targets(Nat& nat, std::span<const config::NatTarget> targets) {
    uint32_t& count = nat.settings.target_count;
    if (targets.size() > layout::max_nat_targets - count) {
        throw std::runtime_error(
            fmt::format("the NAT's rules have more than {} targets", layout::max_nat_targets));
    }
    const NatList list{static_cast<uint16_t>(count), static_cast<uint16_t>(targets.size())};
    for (const config::NatTarget& t : targets) {
        nat.targets[count++] = {t.address.value, t.port, t.weight};
    }
    return list;
}

// The addresses that a forward's clients become; its own where it says "interface".
std::vector<AddressRange> source_of(const config::NatRule& rule, const config::Config& config) {
    if (!rule.source_interface) return rule.source;
    const config::Interface* out = config::find_interface(config, rule.out);
    if (out == nullptr || out->addresses.empty()) return {};
    return {{out->addresses[0].address, out->addresses[0].address}};
}

void fill_lists(Nat& nat, layout::NatRule& to, const config::NatRule& from,
                const config::Config& config) {
    to.from = add_ranges(nat, from.from);
    to.to = add_ranges(nat, from.destination);
    to.pool = add_ranges(nat, from.external);
    if (from.type == config::NatType::fixed) to.internal = add_ranges(nat, {&from.internal, 1});
    to.targets = add_targets(nat, from.targets);
    to.source_pool = add_ranges(nat, source_of(from, config));
}

void fill_choices(layout::NatRule& to, const config::NatRule& from) {
    to.mapping = same<layout::NatMapping>(from.mapping);
    to.filtering = same<layout::NatFiltering>(from.filtering);
    to.pooling = same<layout::NatPooling>(from.pooling);
    to.expired = same<layout::NatExpired>(from.on_expired);
    to.port_choice = same<layout::NatPortChoice>(from.port_choice);
    to.keep_parity = from.parity;
    to.inbound_refreshes = from.inbound_refresh;
    to.hairpin = from.hairpin;
    to.algs =
        static_cast<uint8_t>((from.ftp ? layout::alg_ftp : 0) | (from.dns ? layout::alg_dns : 0));
    to.block_size = from.block_size;
    to.blocks_a_subscriber = from.blocks_per_subscriber;
    to.ports_a_subscriber = from.ports_per_subscriber;
    to.sessions_a_subscriber = from.sessions_per_subscriber;
}

void fill_rule(Nat& nat, const config::NatRule& from, const config::Config& config,
               const Places& places) {
    layout::NatRule& to = nat.rules[nat.settings.rule_count++];
    layout::copy_text(to.name, from.name);
    to.kind = kind_of(from.type);
    to.protocol = from.protocol;
    to.in = places.find(from.in);
    to.out = places.find(from.out);
    to.to_interface = from.to_interface;
    const config::PortRange ports = from.type == config::NatType::forward ? from.port : from.ports;
    to.health = {static_cast<layout::NatProbe>(from.health.probe),
                 from.health.fall,
                 from.health.rise,
                 0,
                 from.health.port,
                 from.health.interval_s};
    to.first_port = ports.first;
    to.last_port = ports.last;
    fill_choices(to, from);
    fill_lists(nat, to, from, config);
}

void fill_settings(layout::NatSettings& to, const config::Config& config) {
    const config::Sessions& from = config.sessions;
    to.sessions = config.nat.empty() ? 0 : from.max;
    to.udp_s = from.udp_s;
    to.tcp_established_s = from.tcp_established_s;
    to.tcp_transitory_s = from.tcp_transitory_s;
    to.icmp_s = from.icmp_s;
    to.other_s = from.other_s;
    to.syn_wait_s = from.syn_wait_s;
    to.quarantine_s = from.quarantine_s;
    to.fragment_s = from.fragment_s;
    to.log_events = config.nat_log.is_kept() ? config.nat_log.events : 0;
}

}  // namespace

void fill_nat(Nat& nat, const config::Config& config, const Places& places, const Nat& last) {
    if (config.nat.size() > layout::max_nat_rules) {
        throw std::runtime_error(fmt::format("more than {} NAT rules", layout::max_nat_rules));
    }
    fill_settings(nat.settings, config);
    for (const config::NatRule& rule : config.nat) fill_rule(nat, rule, config, places);
    give_ids(nat, last);
}

}  // namespace sluice::intent
