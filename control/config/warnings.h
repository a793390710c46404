// SPDX-License-Identifier: BSD-3-Clause
// What a configuration may say, and a standard advises against.
#pragma once
#include <string>
#include <vector>

#include "control/config/model.h"

namespace sluice::config {

// A sentence each, empty for most configurations.
std::vector<std::string> warnings(const Config& config);

}  // namespace sluice::config
