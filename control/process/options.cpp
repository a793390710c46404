// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/options.h"

#include <CLI/CLI.hpp>

#include "lib/layout/regions.h"

namespace sluice::control {

Options parse_options(int argc, char** argv) {
    Options options;
    std::string name = "default";
    CLI::App app{
        "The control process of Sluice: reads the configuration and publishes it to the "
        "dataplane, keeps the routes, and answers `sluice`."};
    app.set_version_flag("--version", layout::version);
    app.add_option("--name", name, "which router, where several run on one machine")
        ->capture_default_str();
    app.add_option("--config", options.config, "the configuration file")->capture_default_str();
    auto* run = app.add_option("--run-dir", options.run_directory,
                               "sockets, links to the memories (default: /run/sluice/NAME)");
    auto* state =
        app.add_option("--state-dir", options.state_directory,
                       "history of applied configurations (default: /var/lib/sluice/NAME)");
    app.add_flag("--check", options.check, "check the configuration and exit: 0 sound, 1 not");
    app.add_flag("--rebuild-intent", options.rebuild_intent,
                 "where the intent memory is another build's, make a new one");
    app.add_option("--log-level", options.log_level, "how much to log")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
        ->capture_default_str();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& end) {
        std::exit(app.exit(end) == 0 ? 0 : 2);
    }
    if (run->empty()) options.run_directory = std::filesystem::path("/run/sluice") / name;
    if (state->empty()) options.state_directory = std::filesystem::path("/var/lib/sluice") / name;
    return options;
}

}  // namespace sluice::control
