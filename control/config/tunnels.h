// SPDX-License-Identifier: BSD-3-Clause
// "tunnels": interfaces that have a way through another network in place of a device.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_tunnels(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
