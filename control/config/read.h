// SPDX-License-Identifier: BSD-3-Clause
// From the text of a configuration to its model, or to everything that is wrong with it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/json.h"
#include "control/config/model.h"
#include "control/config/problem.h"

namespace sluice::config {

struct ReadResult {
    std::optional<Config> config;   // exactly where there are no problems
    nlohmann::json document;        // the file's JSON as written; null where it has problems
    std::vector<Problem> problems;  // all of them, in the order of the file
};

// Total: any bytes give a result, and no exception leaves. `filename` is for the problems alone.
ReadResult read_config(std::string_view text, const std::string& filename);

// The same of a file; one that cannot be read is a problem too.
ReadResult read_config_file(const std::string& filename);

}  // namespace sluice::config
