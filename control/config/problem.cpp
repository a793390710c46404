// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/problem.h"

#include <fmt/format.h>

#include "control/config/json.h"

namespace sluice::config {

std::string to_string(const Problem& problem) {
    std::string text = problem.file;
    if (problem.position.line > 0) text += fmt::format(":{}", problem.position.line);
    text += ": ";
    if (!problem.path.empty()) text += problem.path + ": ";
    return text + problem.message;
}

void to_json(nlohmann::json& json, const Problem& problem) {
    json = {{"file", problem.file},
            {"line", problem.position.line},
            {"column", problem.position.column},
            {"path", problem.path},
            {"value", problem.value},
            {"message", problem.message}};
}

}  // namespace sluice::config
