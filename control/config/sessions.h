// SPDX-License-Identifier: BSD-3-Clause
// "sessions": how many the NAT remembers, and for how long.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_sessions(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
