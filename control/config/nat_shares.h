// SPDX-License-Identifier: BSD-3-Clause
// Who has which ports by the deterministic rules of a configuration (RFC 7422): all that is needed
// to tell, also of a configuration that was running long ago.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "control/config/model.h"

namespace sluice::config {

// A host's ports at the external address that is its own.
struct PortShare {
    std::string rule;
    net::Ipv4Address internal;
    net::Ipv4Address external;
    PortRange ports;
    bool operator==(const PortShare&) const = default;
};

// Of the host whose port that is; empty where no deterministic rule gives it to anybody.
std::vector<PortShare> shares_with(const Config& config, net::Ipv4Address external, uint16_t port);
// Of this host, by each deterministic rule that is for it.
std::vector<PortShare> shares_of(const Config& config, net::Ipv4Address internal);

// {"rule", "internal", "external", "ports": "2000-2251"}
void to_json(nlohmann::json& json, const PortShare& share);

}  // namespace sluice::config
