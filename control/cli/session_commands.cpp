// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "control/cli/commands.h"

namespace sluice::cli {
namespace {

// Which sessions; what is empty asks for nothing.
struct Filter {
    std::string rule, address, external, protocol;
    uint32_t port = 0;

    json params() const {
        json params = json::object();
        if (!rule.empty()) params["rule"] = rule;
        if (!address.empty()) params["address"] = address;
        if (!external.empty()) params["external"] = external;
        if (!protocol.empty()) params["protocol"] = protocol;
        if (port != 0) params["port"] = port;
        return params;
    }
};

void add_filter(CLI::App& command, Filter& f) {
    command.add_option("--rule", f.rule, "of this rule");
    command.add_option("--address", f.address, "with this address or prefix inside or remote");
    command.add_option("--external", f.external, "with this external address or prefix");
    command.add_option("--port", f.port, "with this port at any of the three")
        ->check(CLI::Range(1, 65535));
    command.add_option("--protocol", f.protocol, "tcp, udp, icmp, ... or a number");
}

// All that match, answer by answer, so that neither side ever holds them all. `see` says whether
// to go on. Returns the last answer, whose "next" is null if there were no more.
template <typename See>
json each_session(Session& session, json params, See&& see) {
    params["limit"] = 1000;
    for (;;) {
        json answer = session.client().call("session.list", params);
        for (const json& row : answer["sessions"]) {
            if (!see(row)) return answer;
        }
        if (answer["next"].is_null()) return answer;
        params["from"] = answer["next"];
    }
}

void print_row(const json& row) {
    fmt::print("{:<5} {:<21} {:<21} {:<21} {:<11} {:>12} {:>12}  {}\n", row.value("protocol", ""),
               row.value("internal", ""), row.value("external", ""), row.value("remote", ""),
               row.value("state", ""), duration_text(row["age_s"].get<double>()),
               duration_text(row["idle_s"].get<double>()), row.value("rule", ""));
}

void show_sessions(Session& session, const Filter& filter, uint64_t limit) {
    if (!session.json_output) {
        fmt::print("{:<5} {:<21} {:<21} {:<21} {:<11} {:>12} {:>12}  {}\n", "PROTO", "INTERNAL",
                   "EXTERNAL", "REMOTE", "STATE", "AGE", "IDLE", "RULE");
    }
    uint64_t shown = 0;
    bool more = false;
    each_session(session, filter.params(), [&](const json& row) {
        more = limit != 0 && shown == limit;
        if (more) return false;
        ++shown;
        if (session.json_output) {
            fmt::print("{}\n", row.dump());
        } else {
            print_row(row);
        }
        return true;
    });
    if (session.json_output) return;
    if (shown == 0) fmt::print("no session\n");
    if (more) fmt::print("... and more: --limit 0 shows all\n");
}

void clear(Session& session, const Filter& filter, bool all, double timeout_s) {
    json params = filter.params();
    if (params.empty() && !all) {
        throw CLI::RequiredError("--all, or which sessions (see --help):");
    }
    params["all"] = all;
    const json request = session.client().call("nat.clear", params)["request"];
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_s);
    json progress;
    do {
        progress = session.client().call("nat.cleared", {{"request", request}});
        if (progress["done"] || !progress["dataplane_alive"]) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    } while (std::chrono::steady_clock::now() < end);
    if (progress["done"]) {
        fmt::print("cleared\n");
    } else if (!progress["dataplane_alive"]) {
        fmt::print("no dataplane is running, it clears them at its start\n");
    } else {
        throw Refused(fmt::format("within {} s not every worker has cleared them", timeout_s), {});
    }
}

std::string outlet_text(const json& outlet, const char* what) {
    if (outlet.is_null()) return fmt::format("{}: none\n", what);
    const std::string trouble = outlet.value("trouble", "");
    return fmt::format("{}: {}\n  {} records handed on, {} lost, {} waiting\n{}", what,
                       outlet.value("to", ""), with_commas(outlet["records"].get<uint64_t>()),
                       with_commas(outlet["lost"].get<uint64_t>()),
                       with_commas(outlet["waiting"].get<uint64_t>()),
                       trouble.empty() ? "" : "  " + in_colour(Colour::red, trouble) + "\n");
}

void reopen_log(Session& session) {
    const json file = session.client().call("nat_log.reopen")["file"];
    if (file.is_null()) throw Refused("the configuration has no \"nat_log\".\"file\"", {});
    if (const std::string trouble = file.value("trouble", ""); !trouble.empty()) {
        throw Refused(trouble, {});
    }
    fmt::print("{} is open\n", file.value("to", ""));
}

void add_log_commands(CLI::App& show_nat, CLI::App& nat, Session& session) {
    add_show(
        show_nat, session, "log", "where the log of sessions goes, and how far it has come",
        [&session] { return session.client().call("nat_log.get"); },
        [](const json& answer) {
            fmt::print("{}{}", outlet_text(answer["file"], "file"),
                       outlet_text(answer["ipfix"], "IPFIX collector"));
        });
    add_command(nat, session, "reopen", "open the log's file anew, once it has been renamed",
                [&session] { reopen_log(session); });
}

}  // namespace

void add_session_commands(CLI::App& app, CLI::App& show, Session& session) {
    const auto filter = std::make_shared<Filter>();
    const auto limit = std::make_shared<uint64_t>(50);
    auto* sessions = add_command(
        show, session, "sessions", "the NAT's sessions: who speaks to whom, and as whom",
        [&session, filter, limit] { show_sessions(session, *filter, *limit); });
    add_filter(*sessions, *filter);
    sessions->add_option("--limit", *limit, "so many at most; 0: all")->capture_default_str();
    sessions->add_flag("--json", session.json_output, "one JSON object a line (docs/api.md)");

    CLI::App& nat = *app.add_subcommand("nat", "the NAT's sessions and their log");
    nat.require_subcommand(1);
    const auto all = std::make_shared<bool>(false);
    const auto timeout_s = std::make_shared<double>(10);
    auto* clear_command = add_command(
        nat, session, "clear", "end sessions; whoever still speaks begins new ones",
        [&session, filter, all, timeout_s] { clear(session, *filter, *all, *timeout_s); });
    add_filter(*clear_command, *filter);
    clear_command->add_flag("--all", *all, "every session");
    clear_command->add_option("--timeout", *timeout_s, "how long to wait for the dataplane")
        ->capture_default_str();
    add_log_commands(*show.get_subcommand("nat"), nat, session);
}

}  // namespace sluice::cli
