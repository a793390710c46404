// SPDX-License-Identifier: BSD-3-Clause
// "arp": how neighbours are found and forgotten.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_arp(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
