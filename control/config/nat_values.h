// SPDX-License-Identifier: BSD-3-Clause
// Values of NAT rules: from text to value. Nothing, and a mistake told, where the text is none;
// quiet where somebody has already found fault with it.
#pragma once
#include <optional>
#include <string>

#include "control/config/json.h"
#include "control/config/mistakes.h"
#include "control/config/nat_model.h"

namespace sluice::config {

// 192.0.2.1, 192.0.2.0/24 or 192.0.2.5-192.0.2.9
std::optional<AddressRange> read_range(const nlohmann::json& value, Mistakes& mistakes);
// 80, "80" or "8000-8010"
std::optional<PortRange> read_ports(const nlohmann::json& value, Mistakes& mistakes);
// "10.0.0.10", "10.0.0.10:8080" or {"address": "10.0.0.10:8080", "weight": 3}
std::optional<NatTarget> read_target(const nlohmann::json& value, Mistakes& mistakes);

// Why not every address of the range can be a host's ("is a multicast address"); empty where all
// can.
std::string why_no_hosts(const AddressRange& range);

}  // namespace sluice::config
