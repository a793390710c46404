// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/rules.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace sluice::nat {
namespace {

using layout::NatList;
using layout::NatRule;
using layout::Snapshot;

template <typename... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
    throw std::runtime_error(fmt::format(format, std::forward<Args>(args)...));
}

template <typename T>
std::span<const T> part(const std::vector<T>& all, NatList list, unsigned id) {
    if (list.first > all.size() || list.count > all.size() - list.first) {
        refuse("snapshot: NAT rule {} has entries {} to {} of {}", id, list.first,
               list.first + list.count, all.size());
    }
    return std::span(all).subspan(list.first, list.count);
}

// Each address of the pool, or those of the interface.
std::vector<net::Ipv4Address> addresses_of(std::span<const NatRange> pool, InterfaceId interface,
                                           const Snapshot& s) {
    std::vector<net::Ipv4Address> addresses;
    for (const NatRange& r : pool) {
        for (uint64_t a = r.first; a <= r.last; ++a) {
            if (addresses.size() == layout::max_nat_addresses) {
                refuse("snapshot: a NAT pool of over {} addresses", layout::max_nat_addresses);
            }
            addresses.push_back({static_cast<uint32_t>(a)});
        }
    }
    for (uint32_t n = 0; pool.empty() && n < s.address_count; ++n) {
        if (s.addresses[n].interface == interface) addresses.push_back({s.addresses[n].address});
    }
    return addresses;
}

std::vector<External> numbered(const std::vector<net::Ipv4Address>& addresses,
                               const Supply& supply) {
    std::vector<External> externals;
    for (const net::Ipv4Address a : addresses) {
        const auto number = supply.number_of(a);
        if (!number) refuse("the NAT has no room for another external address");
        externals.push_back({a, static_cast<uint16_t>(*number)});
    }
    std::ranges::sort(externals, {}, [](const External& e) { return e.address.value; });
    return externals;
}

// By address; the end where it is none of them.
std::vector<External>::const_iterator find_in(const std::vector<External>& sorted,
                                              net::Ipv4Address address) noexcept {
    const auto at = std::ranges::lower_bound(sorted, address.value, {},
                                             [](const External& e) { return e.address.value; });
    return at == sorted.end() || at->address != address ? sorted.end() : at;
}

bool shares_ports(NatKind kind) noexcept {
    return kind == NatKind::source || kind == NatKind::dynamic;
}

}  // namespace

void Rules::check(const Snapshot& s) {
    const layout::NatSettings& n = s.nat.settings;
    if (n.sessions > layout::max_nat_sessions || n.rule_count > layout::max_nat_rules ||
        n.range_count > layout::max_nat_ranges || n.target_count > layout::max_nat_targets) {
        refuse("snapshot: {} NAT rules, {} ranges and {} targets for {} sessions are too many",
               n.rule_count, n.range_count, n.target_count, n.sessions);
    }
    for (uint32_t i = 0; i < n.range_count; ++i) {
        if (s.nat.ranges[i].first > s.nat.ranges[i].last)
            refuse("snapshot: a NAT range is reversed");
    }
    settings_ = n;
    ranges_.assign(s.nat.ranges, s.nat.ranges + n.range_count);
    targets_.assign(s.nat.targets, s.nat.targets + n.target_count);
    probed_.resize(targets_.size());
}

// Expects the rule's part of the targets to have been checked.
void Rules::add_probed(const NatRule& wish) {
    for (uint32_t i = 0; i < wish.targets.count; ++i) {
        const layout::NatTarget& t = targets_[wish.targets.first + i];
        const uint16_t own = t.port != 0 ? t.port : wish.first_port;
        const uint16_t port = wish.health.port != 0 ? wish.health.port : own;
        const bool has_port = wish.health.probe == layout::NatProbe::tcp;
        probed_[wish.targets.first + i] = {
            wish.health.probe, {t.address}, has_port ? port : uint16_t{0}};
    }
}

void Rules::sort_probed() {
    for (uint32_t target = 0; target < probed_.size(); ++target) {
        if (probed(target) != nullptr) probed_by_address_.push_back(static_cast<uint16_t>(target));
    }
    std::ranges::sort(probed_by_address_, {}, [&](uint16_t t) { return probed_[t].address.value; });
}

std::span<const uint16_t> Rules::probed_at(net::Ipv4Address address) const noexcept {
    const auto address_of = [&](uint16_t t) { return probed_[t].address.value; };
    return {std::ranges::lower_bound(probed_by_address_, address.value, {}, address_of),
            std::ranges::upper_bound(probed_by_address_, address.value, {}, address_of)};
}

// Who gets what of the external addresses, where that is more than any free port.
void Rules::share_out(Rule& rule, const Supply& supply) {
    const NatRule& wish = rule.wish;
    if (wish.kind == NatKind::dynamic) {
        for (const External& e : rule.externals) rule.whole_addresses.push_back(e.number);
    }
    if (wish.port_choice == layout::NatPortChoice::blocks) {
        if (wish.block_size == 0 || wish.block_size > wish.last_port - wish.first_port + 1) {
            refuse("snapshot: NAT rule {} has no block of {} ports", wish.id, wish.block_size);
        }
        rule.blocks = supply.blocks_of(rule);
    }
    if (wish.port_choice == layout::NatPortChoice::deterministic) {
        rule.deterministic = deterministic_of(wish, rule.from, rule.pool);
        if (rule.deterministic->ports_each() == 0) {
            refuse("snapshot: NAT rule {} has not {} ports for each inside address", wish.id,
                   wish.block_size);
        }
    }
}

void Rules::add_way_out(InterfaceId out) {
    if (out == layout::no_interface) return leaves_by_.fill(true);
    if (out < leaves_by_.size()) leaves_by_[out] = true;
}

void Rules::add(const NatRule& wish, const Snapshot& s, const Supply& supply) {
    Rule rule{.wish = wish,
              .from = part(ranges_, wish.from, wish.id),
              .to = part(ranges_, wish.to, wish.id),
              .pool = part(ranges_, wish.pool, wish.id),
              .source_pool = part(ranges_, wish.source_pool, wish.id),
              .targets = part(targets_, wish.targets, wish.id),
              .externals = {},
              .source_externals = {},
              .interface_ranges = {}};
    uint16_t& place = place_of_[wish.id % layout::max_nat_rules];
    if (wish.id == 0 || place != 0) refuse("snapshot: NAT rule id {} is in use twice", wish.id);
    if (wish.kind == NatKind::none || wish.kind > NatKind::exempt ||
        wish.first_port > wish.last_port) {
        refuse("snapshot: NAT rule {} makes no sense", wish.id);
    }
    if (wish.kind == NatKind::fixed) {
        const auto internal = part(ranges_, wish.internal, wish.id);
        if (internal.size() != 1 || rule.pool.size() != 1 ||
            internal[0].last - internal[0].first != rule.pool[0].last - rule.pool[0].first) {
            refuse("snapshot: NAT rule {} has prefixes of unequal length", wish.id);
        }
        rule.internal = internal[0];
    }
    if (wish.kind == NatKind::forward && rule.pool.empty()) {
        for (const net::Ipv4Address a : addresses_of({}, wish.in, s)) {
            rule.interface_ranges.push_back({a.value, a.value});
        }
        rule.pool = rule.interface_ranges;
    }
    if (wish.kind == NatKind::forward && !rule.source_pool.empty()) {
        rule.source_externals = numbered(addresses_of(rule.source_pool, wish.out, s), supply);
    }
    if (shares_ports(wish.kind)) {
        rule.externals = numbered(addresses_of(rule.pool, wish.out, s), supply);
        by_address_.insert(by_address_.end(), rule.externals.begin(), rule.externals.end());
    }
    if (wish.kind == NatKind::forward && rule.has(layout::alg_ftp)) {
        rule.externals = numbered(addresses_of(rule.pool, wish.in, s), supply);
    }
    share_out(rule, supply);
    with_numbers_.insert(with_numbers_.end(), rule.externals.begin(), rule.externals.end());
    awaits_flows_ = awaits_flows_ || rule.has(layout::alg_ftp);
    for (const layout::NatTarget& t : rule.targets) {
        rule.total_weight += weight_of(t);
        if (is_alive(t)) rule.living_weight += weight_of(t);
    }
    add_probed(wish);
    if (shares_ports(wish.kind) || wish.kind == NatKind::fixed) add_way_out(wish.out);
    rules_.push_back(std::move(rule));
    place = static_cast<uint16_t>(rules_.size());
    id_at_[wish.id % layout::max_nat_rules] = wish.id;
}

std::unique_ptr<const Rules> Rules::compile(const Snapshot& s, const Supply& supply) {
    if (s.nat.settings.rule_count == 0 || s.nat.settings.sessions == 0) return nullptr;
    auto rules = std::make_unique<Rules>();
    rules->check(s);
    rules->rules_.reserve(s.nat.settings.rule_count);
    for (uint32_t i = 0; i < s.nat.settings.rule_count; ++i) {
        rules->add(s.nat.rules[i], s, supply);
    }
    auto& all = rules->by_address_;
    std::ranges::sort(all, {}, [](const External& e) { return e.address.value; });
    all.erase(std::unique(all.begin(), all.end(),
                          [](auto& a, auto& b) { return a.address == b.address; }),
              all.end());
    rules->collect_externals();
    rules->sort_probed();
    return rules;
}

bool Rules::is_exempt(const Rule& r, const Question& q) const noexcept {
    return r.wish.kind == NatKind::exempt && r.takes_out(q.out) && r.takes_in(q.in) &&
           r.takes_protocol(q.protocol) && r.takes_source(q.source) &&
           r.takes_destination(q.destination);
}

const Rule* Rules::for_source(const Question& q) const noexcept {
    for (const Rule& r : rules_) {
        if (is_exempt(r, q)) return nullptr;
        if (!r.takes_out(q.out) || !r.takes_protocol(q.protocol)) continue;
        if (r.wish.kind == NatKind::fixed) {
            if (q.source.value >= r.internal.first && q.source.value <= r.internal.last &&
                r.takes_destination(q.destination)) {
                return &r;
            }
        } else if (shares_ports(r.wish.kind) && r.takes_source(q.source) &&
                   r.takes_destination(q.destination)) {
            return &r;
        }
    }
    return nullptr;
}

const Rule* Rules::for_destination(const Question& q) const noexcept {
    for (const Rule& r : rules_) {
        if (!q.any_interface && !r.takes_in(q.in)) continue;
        if (!r.takes_protocol(q.protocol) || !r.takes_source(q.source)) continue;
        if (r.wish.kind != NatKind::fixed && r.wish.kind != NatKind::forward) continue;
        if (r.pool.empty() || !Rule::is_in(r.pool, q.destination)) continue;
        if (r.wish.kind == NatKind::forward &&
            (q.destination_port < r.wish.first_port || q.destination_port > r.wish.last_port)) {
            continue;
        }
        return &r;
    }
    return nullptr;
}

const Rule* Rules::of_sender(const Question& q) const noexcept {
    const auto found = std::ranges::find_if(rules_, [&](const Rule& r) {
        return q.in != r.wish.out && r.takes_protocol(q.protocol) && r.is_for_host(q.source);
    });
    return found == rules_.end() ? nullptr : &*found;
}

const Rule* Rules::for_name(net::Ipv4Address inside) const noexcept {
    for (const Rule& r : rules_) {
        if (r.wish.kind == NatKind::fixed && inside.value >= r.internal.first &&
            inside.value <= r.internal.last) {
            return &r;
        }
        if (r.wish.kind == NatKind::dynamic && r.takes_source(inside)) return &r;
    }
    return nullptr;
}

const Rule* Rules::owner_of(uint16_t number, net::Ipv4Address internal) const noexcept {
    for (const Rule& r : rules_) {
        if (!shares_ports(r.wish.kind) || !r.takes_source(internal)) continue;
        for (const External& e : r.externals) {
            if (e.number == number) return &r;
        }
    }
    return nullptr;
}

void Rules::collect_externals() {
    std::vector<NatRange> all;
    for (const External& e : by_address_) all.push_back({e.address.value, e.address.value});
    for (const Rule& r : rules_) all.insert(all.end(), r.pool.begin(), r.pool.end());
    std::ranges::sort(all, {}, &NatRange::first);
    for (const NatRange& r : all) {
        if (!external_ranges_.empty() && r.first <= external_ranges_.back().last) {
            external_ranges_.back().last = std::max(external_ranges_.back().last, r.last);
        } else {
            external_ranges_.push_back(r);
        }
    }
}

bool Rules::is_external(net::Ipv4Address a) const noexcept {
    const auto after = std::ranges::upper_bound(external_ranges_, a.value, {}, &NatRange::first);
    return after != external_ranges_.begin() && a.value <= std::prev(after)->last;
}

std::optional<uint16_t> Rules::number_of(net::Ipv4Address external) const noexcept {
    const auto at = find_in(by_address_, external);
    if (at == by_address_.end()) return std::nullopt;
    return at->number;
}

bool Rule::is_for_host(net::Ipv4Address a) const noexcept {
    if (wish.kind == NatKind::fixed) return internal.first <= a.value && a.value <= internal.last;
    return shares_ports(wish.kind) && takes_source(a);
}

bool Rule::has_external(net::Ipv4Address a) const noexcept {
    if (wish.to_interface == 0) return true;
    if (wish.kind == NatKind::forward) return !pool.empty() && is_in(pool, a);
    return find_in(externals, a) != externals.end();
}

unsigned Rule::place_of_block(net::Ipv4Address internal) const noexcept {
    const auto block = deterministic->block_of(internal.value);
    const auto address = block ? address_at(pool, block->place) : std::nullopt;
    const auto at = address ? find_in(externals, {*address}) : externals.end();
    return at == externals.end() ? 0 : static_cast<unsigned>(at - externals.begin());
}

}  // namespace sluice::nat
