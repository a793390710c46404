// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include "test/control/config/told.h"

namespace sluice::config {
namespace {

TEST(Examples, AreAllValid) {
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator(EXAMPLES)) {
        if (entry.path().extension() != ".json") continue;
        for (const Problem& problem : read_config_file(entry.path()).problems) {
            ADD_FAILURE() << to_string(problem);
        }
        ++seen;
    }
    EXPECT_GE(seen, 5);
}

}  // namespace
}  // namespace sluice::config
