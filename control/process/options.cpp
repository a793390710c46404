// SPDX-License-Identifier: BSD-3-Clause
#include "control/process/options.h"

#include <charconv>
#include <optional>

#include <CLI/CLI.hpp>
#include <grp.h>
#include <unistd.h>

#include "lib/layout/regions.h"

namespace sluice::control {
namespace {

std::optional<unsigned long> number(const std::string& text, int base, unsigned long most) {
    unsigned long value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc{} || stop != end || value > most) return std::nullopt;
    return value;
}

std::optional<gid_t> group_of(const std::string& name) {
    if (const auto id = number(name, 10, UINT32_MAX - 1)) return static_cast<gid_t>(*id);
    const group* found = ::getgrnam(name.c_str());
    return found != nullptr ? std::optional(found->gr_gid) : std::nullopt;
}

void read_group(const std::string& name, api::Access& access) {
    access.group = group_of(name);
    if (!access.group) {
        throw CLI::ValidationError("--socket-group", "there is no group \"" + name + "\"");
    }
}

void read_mode(const std::string& text, api::Access& access) {
    const auto mode = number(text, 8, 0777);
    if (!mode) {
        throw CLI::ValidationError("--socket-mode",
                                   "\"" + text + "\" should be octal and at most 0777");
    }
    access.mode = static_cast<mode_t>(*mode);
}

}  // namespace

Options parse_options(int argc, char** argv) {
    Options options;
    std::string name = "default";
    CLI::App app{
        "The control process of Sluice: reads the configuration and publishes it to the "
        "dataplane, keeps the routes, and answers `sluice`.",
        "sluice-control"};
    app.set_version_flag("--version", layout::version);
    app.add_option("--name", name, "which router, where several run on one machine")
        ->capture_default_str();
    app.add_option("--config", options.config, "the configuration file")->capture_default_str();
    auto* run = app.add_option("--run-dir", options.run_directory,
                               "sockets, links to the memories (default: /run/sluice/NAME)");
    auto* state =
        app.add_option("--state-dir", options.state_directory,
                       "history of applied configurations (default: /var/lib/sluice/NAME)");
    app.add_option_function<std::string>(
           "--socket-group", [&](const std::string& name) { read_group(name, options.access); },
           "group of the API's socket, by name or number: its members may do everything "
           "(sluice where there is such a group, else the group that control runs as)")
        ->type_name("GROUP");
    app.add_option_function<std::string>(
           "--socket-mode", [&](const std::string& mode) { read_mode(mode, options.access); },
           "mode of the API's socket, octal [0660]")
        ->type_name("MODE");
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
    // Only root may give a socket to a group that it is not in.
    if (!options.access.group && ::geteuid() == 0) options.access.group = group_of(usual_group);
    if (run->empty()) options.run_directory = std::filesystem::path("/run/sluice") / name;
    if (state->empty()) options.state_directory = std::filesystem::path("/var/lib/sluice") / name;
    return options;
}

}  // namespace sluice::control
