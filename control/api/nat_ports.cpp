// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/nat_ports.h"

#include <algorithm>
#include <bitset>

namespace sluice::api {

using config::NatRule;
using config::NatType;

bool OfferedPorts::has(const NatRule& rule, net::Ipv4Address address) const {
    const bool is_listed = std::any_of(rule.external.begin(), rule.external.end(),
                                       [&](const auto& range) { return range.contains(address); });
    if (is_listed || !rule.to_interface) return is_listed;
    const config::Interface* interface =
        config::find_interface(config_, rule.type == NatType::forward ? rule.in : rule.out);
    if (interface == nullptr) return false;
    return std::any_of(interface->addresses.begin(), interface->addresses.end(),
                       [&](const auto& own) { return own.address == address; });
}

OfferedPorts::Rules OfferedPorts::rules_at(net::Ipv4Address address, uint8_t protocol) const {
    Rules rules;
    for (const NatRule& rule : config_.nat) {
        const bool has_ports = rule.type == NatType::source || rule.type == NatType::forward;
        const bool is_for_it = rule.protocol == 0 || rule.protocol == protocol;
        if (has_ports && is_for_it && has(rule, address)) rules.push_back(&rule);
    }
    return rules;
}

uint32_t OfferedPorts::count(net::Ipv4Address address, uint8_t protocol) {
    const Rules rules = rules_at(address, protocol);
    const auto [found, is_new] = counted_.try_emplace(rules, 0);
    if (!is_new) return found->second;
    std::bitset<65536> ports;
    for (const NatRule* rule : rules) {
        for (uint32_t p = rule->ports.first; rule->type == NatType::source && p <= rule->ports.last;
             ++p) {
            ports.set(p);
        }
    }
    for (const NatRule* rule : rules) {
        for (uint32_t p = rule->port.first; rule->type == NatType::forward && p <= rule->port.last;
             ++p) {
            ports.reset(p);
        }
    }
    return found->second = static_cast<uint32_t>(ports.count());
}

}  // namespace sluice::api
