// SPDX-License-Identifier: BSD-3-Clause
// "nat": the NAT's rules, in the order in which they are tried.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_nat(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
