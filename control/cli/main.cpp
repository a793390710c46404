// SPDX-License-Identifier: BSD-3-Clause
// sluice: asks and tells the control process. Every command is a request of docs/api.md.
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "control/cli/commands.h"
#include "lib/layout/regions.h"

namespace sluice::cli {
namespace {

void add_commands(CLI::App& app, Session& session) {
    CLI::App& show = *app.add_subcommand("show", "what is configured and what is");
    show.require_subcommand(1);
    add_config_commands(app, show, session);
    add_route_commands(app, show, session);
    add_neighbour_commands(app, show, session);
    add_interface_commands(app, show, session);
    add_nat_commands(app, show, session);
    add_session_commands(app, show, session);
    add_tunnel_commands(app, show, session);
    add_multicast_commands(app, show, session);
    add_top_commands(app, show, session);
    add_counter_commands(app, show, session);
    add_status_commands(app, show, session);
    add_explain_commands(app, show, session);
    add_completion_commands(app, show, session);
}

void add_footers(CLI::App& command) {
    const auto more = command.get_subcommands([](CLI::App*) { return true; });
    const char* help = more.empty() ? "" : "`sluice help COMMAND` says more of each.\n";
    command.footer(help + std::string("Exit status: 0 done, 1 refused or a problem found, 2 wrong "
                                      "usage, 3 no control process."));
    for (CLI::App* each : more) add_footers(*each);
}

// `sluice help show route` is `sluice show route --help`.
std::vector<std::string> arguments(int argc, char** argv) {
    std::vector<std::string> result(argv + 1, argv + argc);
    size_t at = 0;  // of the first word that is no option of all commands
    while (at < result.size() && result[at].starts_with("--")) {
        at += result[at] == "--name" || result[at] == "--run-dir" ? 2 : 1;
    }
    if (at < result.size() && result[at] == "help") {
        result.erase(result.begin() + static_cast<std::ptrdiff_t>(at));
        result.emplace_back("--help");
    }
    return {result.rbegin(), result.rend()};  // as CLI11 wants them
}

void print_problems(const json& data) {
    if (!data.is_object()) return;
    for (const json& p : data.value("problems", json::array())) {
        std::string where = p.value("file", "");
        if (p.value("line", 0) > 0) where += fmt::format(":{}", p.value("line", 0));
        if (!p.value("path", "").empty()) where += ": " + p.value("path", "");
        fmt::print(stderr, "{}: {}\n", where, p.value("message", ""));
    }
    for (const json& e : data.value("errors", json::array())) {
        fmt::print(stderr, "line {}: {}\n", e.value("line", 0), e.value("message", ""));
    }
}

// Also --help ends the parsing. Of a word that is no command CLI11 would only say that one is
// needed.
int end_of_parsing(const CLI::App& app, const CLI::ParseError& end) {
    if (dynamic_cast<const CLI::RequiredError*>(&end) == nullptr) {
        return app.exit(end) == 0 ? 0 : exit_usage;
    }
    const std::vector<std::string> unknown = app.remaining(true);
    const std::string what =
        unknown.empty() ? end.what() : fmt::format("there is no command {}", unknown.front());
    fmt::print(stderr, "{}\nsluice: {}\n", app.help(), what);
    return exit_usage;
}

int run(Session& session) {
    try {
        session.command();
        return session.exit_code;
    } catch (const Refused& refused) {
        print_problems(refused.data);
        fmt::print(stderr, "sluice: {}\n", refused.what());
        return exit_refused;
    } catch (const NoControl& error) {
        fmt::print(stderr, "sluice: {}\n", error.what());
        return exit_no_control;
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "sluice: {}\n", error.what());
        return exit_usage;
    } catch (const std::exception& error) {
        fmt::print(stderr, "sluice: {}\n", error.what());
        return exit_refused;
    }
}

}  // namespace
}  // namespace sluice::cli

int main(int argc, char** argv) {
    using namespace sluice::cli;
    Session session;
    CLI::App app{
        "Sluice, a virtual router: tells the control process what to do, and shows what is.",
        "sluice"};
    app.set_version_flag("--version", sluice::layout::version);
    app.set_help_flag("-h,--help", "print this and exit");
    app.require_subcommand(1);
    app.add_option("--name", session.name, "which router, where several run on one machine")
        ->envname("SLUICE_NAME");
    auto* directory = app.add_option("--run-dir", session.run_directory,
                                     "where its socket is (default: /run/sluice/NAME)")
                          ->envname("SLUICE_RUN_DIR");
    app.fallthrough();
    add_commands(app, session);
    add_footers(app);
    try {
        app.parse(arguments(argc, argv));
    } catch (const CLI::ParseError& end) {
        return end_of_parsing(app, end);
    }
    if (directory->empty()) {
        session.run_directory = std::filesystem::path("/run/sluice") / session.name;
    }
    return session.command ? run(session) : exit_usage;
}
