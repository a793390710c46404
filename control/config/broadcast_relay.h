// SPDX-License-Identifier: BSD-3-Clause
// "broadcast_relay": which UDP broadcasts are carried between which interfaces.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_broadcast_relay(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
