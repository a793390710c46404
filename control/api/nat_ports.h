// SPDX-License-Identifier: BSD-3-Clause
// How many ports of an external address the rules have to give out.
#pragma once
#include <map>
#include <vector>

#include "control/config/model.h"

namespace sluice::api {

class OfferedPorts {
  public:
    explicit OfferedPorts(const config::Config& config) : config_(config) {}

    // Of a protocol with ports, or ICMP's identifiers: all in the ranges of source rules at that
    // address, but for those that forwards answer at.
    uint32_t count(net::Ipv4Address address, uint8_t protocol);

  private:
    // Addresses with the same rules have the same ports: they are counted once.
    using Rules = std::vector<const config::NatRule*>;
    Rules rules_at(net::Ipv4Address address, uint8_t protocol) const;
    bool has(const config::NatRule& rule, net::Ipv4Address address) const;

    const config::Config& config_;
    std::map<Rules, uint32_t> counted_;
};

}  // namespace sluice::api
