// SPDX-License-Identifier: BSD-3-Clause
// What sluice-control is told on its command line.
#pragma once
#include <filesystem>
#include <string>

#include "control/api/access.h"

namespace sluice::control {

struct Options {
    std::filesystem::path config = "/etc/sluice/sluice.json";
    std::filesystem::path run_directory = "/run/sluice/default";
    std::filesystem::path state_directory = "/var/lib/sluice/default";
    api::Access access;
    bool check = false;
    bool rebuild_intent = false;
    std::string log_level = "info";
};

// Members of this group may talk to the router where nothing else was said and there is one.
inline constexpr const char* usual_group = "sluice";

// Ends the process for --help, --version and mistakes (exit 2).
Options parse_options(int argc, char** argv);

}  // namespace sluice::control
