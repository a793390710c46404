// SPDX-License-Identifier: BSD-3-Clause
// "nat_log": who is told what the NAT did.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_nat_log(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
