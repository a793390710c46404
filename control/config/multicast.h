// SPDX-License-Identifier: BSD-3-Clause
// "multicast": by which interfaces packets to groups are forwarded, and who is asked for members.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_multicast(const nlohmann::json& section, Reading& reading);

}  // namespace sluice::config
