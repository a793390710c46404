// SPDX-License-Identifier: BSD-3-Clause
// What a person is told of a configuration, line by line.
#pragma once
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/config/read.h"

namespace sluice::config {

inline std::vector<std::string> told(std::string_view text) {
    std::vector<std::string> lines;
    for (const Problem& problem : read_config(text, "c.json").problems) {
        lines.push_back(to_string(problem));
    }
    return lines;
}

// The model of a text that should have no problems.
inline Config accepted(std::string_view text) {
    ReadResult result = read_config(text, "c.json");
    for (const Problem& problem : result.problems) ADD_FAILURE() << to_string(problem);
    return result.config.value_or(Config{});
}

// A router with lan 10.0.0.1/24 and wan 203.0.113.2/24, both on line 2, and more on line 3.
inline std::string router_with(const std::string& more) {
    return R"({"interfaces": {)"
           "\n"
           R"("lan": {"device": "net_tap0", "addresses": ["10.0.0.1/24"]}, )"
           R"("wan": {"device": "net_tap1", "addresses": ["203.0.113.2/24"]}},)"
           "\n" +
           more + "}";
}

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

}  // namespace sluice::config
