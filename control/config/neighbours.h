// SPDX-License-Identifier: BSD-3-Clause
// "neighbours": MAC addresses fixed by hand.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_neighbours(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
