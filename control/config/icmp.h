// SPDX-License-Identifier: BSD-3-Clause
// "icmp": what the router itself says.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_icmp(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
