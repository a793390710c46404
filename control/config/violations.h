// SPDX-License-Identifier: BSD-3-Clause
// What valijson finds in a document that its schema does not allow. Nobody else includes it.
#pragma once
#include <string>
#include <vector>

#include "control/config/json.h"

namespace sluice::config {

struct Violation {
    std::vector<std::string> context;  // valijson's path to a value: <root>, [routes], [3]
    std::string description;           // for programmers
};

std::vector<Violation> violations(const nlohmann::json& document);

}  // namespace sluice::config
