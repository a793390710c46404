// SPDX-License-Identifier: BSD-3-Clause
// "dataplane": how many cores forward, and how.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_dataplane(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
