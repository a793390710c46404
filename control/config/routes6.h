// SPDX-License-Identifier: BSD-3-Clause
// Routes with an IPv6 prefix, which stand among the others in "routes".
#pragma once
#include <map>

#include "control/config/sections.h"

namespace sluice::config {

// Whether this route of the file is one of IPv6.
bool is_route6(const nlohmann::json& object);

// `seen`: where the prefixes stand that were read before.
void read_route6(const nlohmann::json& object,
                 std::map<net::Ipv6Prefix, const nlohmann::json*>& seen, Reading& reading);

}  // namespace sluice::config
