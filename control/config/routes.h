// SPDX-License-Identifier: BSD-3-Clause
// "routes": static routes, one for each prefix.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_routes(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
