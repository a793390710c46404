// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "control/cli/commands.h"
#include "control/config/read.h"
#include "control/config/warnings.h"

namespace sluice::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct ApplyOptions {
    std::string file;
    uint32_t confirm_s = 0;
    double timeout_s = 10;
    bool dry_run = false;
    uint32_t number = 0;
    bool running = false;
};

// The file is read here, with the caller's rights; none: control reads its own.
json source_params(const std::string& file) {
    if (file.empty()) return json::object();
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in.is_open() || in.bad()) throw std::runtime_error(file + ": cannot be read");
    return {{"text", text.str()}, {"filename", file}};
}

void check(Session& session, const std::string& file) {
    const config::ReadResult read = config::read_config_file(file);
    for (const config::Problem& p : read.problems) {
        fmt::print(stderr, "{}\n", config::to_string(p));
    }
    if (session.json_output) fmt::print("{}\n", json{{"problems", read.problems}}.dump(2));
    if (read.config) {
        if (session.json_output) return;
        for (const std::string& warning : config::warnings(*read.config)) {
            fmt::print("{}: {}\n", file, in_colour(Colour::yellow, warning));
        }
        fmt::print("{}: {}\n", file, in_colour(Colour::green, "sound"));
        return;
    }
    if (!session.json_output) {
        fmt::print(stderr, "{}: {} problem{}\n", file, read.problems.size(),
                   read.problems.size() == 1 ? "" : "s");
    }
    session.exit_code = exit_refused;
}

std::string plain_line(const json& d) {
    const std::string kind = d.value("kind", "");
    const std::string path = d.value("path", "");
    if (kind == "added") {
        return in_colour(Colour::green, fmt::format("+ {}: {}", path, d["after"].dump()));
    }
    if (kind == "removed") {
        return in_colour(Colour::red, fmt::format("- {}: {}", path, d["before"].dump()));
    }
    return in_colour(Colour::yellow,
                     fmt::format("~ {}: {} -> {}", path, d["before"].dump(), d["after"].dump()));
}

void print_differences(const json& answer) {
    for (const json& d : answer["differences"]) fmt::print("{}\n", plain_line(d));
    if (answer["differences"].empty()) fmt::print("no difference\n");
    for (const json& w : answer["warnings"]) {
        fmt::print("{}\n", in_colour(Colour::yellow, w.get<std::string>()));
    }
}

// One sentence for each thing that is not there yet.
std::vector<std::string> missing(const json& progress) {
    std::vector<std::string> lines;
    if (!progress["refused"].get<std::string>().empty()) {
        lines.push_back("the dataplane refused it: " + progress["refused"].get<std::string>());
    }
    for (const json& w : progress["workers"]) {
        if (w["reached"]) continue;
        lines.push_back(fmt::format("worker {} still uses generation {}", w["worker"].get<int>(),
                                    w["generation"].get<uint64_t>()));
    }
    for (const json& i : progress["interfaces"]) {
        if (i["reached"]) continue;
        const std::string why = i.value("why", "");
        lines.push_back(fmt::format("interface {} is {}, not {}{}", i.value("name", ""),
                                    i.value("condition", ""), i.value("wanted", ""),
                                    why.empty() ? "" : ": " + why));
    }
    return lines;
}

// Until the dataplane has come to this generation, or says that it will not.
json wait_for(Session& session, uint64_t generation, double timeout_s) {
    const auto end = Clock::now() + std::chrono::duration<double>(timeout_s);
    size_t shown = 0;
    for (;;) {
        json progress = session.client().call("config.progress", {{"generation", generation}});
        const bool over = progress["reached"].get<bool>() ||
                          !progress["dataplane_alive"].get<bool>() || progress["refused"] != "" ||
                          Clock::now() >= end;
        if (on_terminal() && !session.json_output) {
            const auto lines = missing(progress);
            const std::string line =
                over || lines.empty() ? "" : fmt::format("waiting: {}", lines.front());
            fmt::print("\r{:<{}}\r{}", "", shown, line);
            std::fflush(stdout);
            shown = line.size();
        }
        if (over) return progress;
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
}

void tell_outcome(Session& session, json answer, double timeout_s) {
    const uint64_t generation = answer["generation"].get<uint64_t>();
    const json progress = wait_for(session, generation, timeout_s);
    answer["progress"] = progress;
    const bool alive = progress["dataplane_alive"].get<bool>();
    const bool reached = progress["reached"].get<bool>();
    if (alive && !reached) session.exit_code = exit_refused;
    if (session.json_output) {
        fmt::print("{}\n", answer.dump(2));
        return;
    }
    print_differences(answer);
    if (!alive) {
        fmt::print(
            "published as generation {}; {}\n", generation,
            in_colour(Colour::yellow, "no dataplane is running, it takes this at its start"));
    } else if (reached) {
        fmt::print("{} generation {}, every worker and interface\n",
                   in_colour(Colour::green, "applied:"), generation);
    } else {
        fmt::print("generation {} is published, but within {} s not all was reached:\n", generation,
                   timeout_s);
        for (const std::string& line : missing(progress)) {
            fmt::print("  {}\n", in_colour(Colour::red, line));
        }
    }
    for (const json& sentence : progress["after_restart"]) {
        fmt::print("{}\n", in_colour(Colour::yellow, sentence.get<std::string>()));
    }
}

void apply(Session& session, const ApplyOptions& o) {
    json params = source_params(o.file);
    if (o.dry_run) params["dry_run"] = true;
    if (o.confirm_s > 0) params["confirm_s"] = o.confirm_s;
    const json answer = session.client().call("config.apply", params);
    if (o.dry_run) {
        if (session.json_output)
            fmt::print("{}\n", answer.dump(2));
        else
            print_differences(answer);
        return;
    }
    tell_outcome(session, answer, o.timeout_s);
    if (o.confirm_s > 0 && !session.json_output) {
        fmt::print("it goes back by itself in {} s unless you say `sluice confirm`\n", o.confirm_s);
    }
}

void print_history(const json& answer) {
    Table table({"NUMBER", "WHEN", "BY", "GENERATION", ""}, {true, false, false, true});
    for (const json& e : answer["history"]) {
        const auto time = static_cast<std::time_t>(e["time"].get<int64_t>());
        std::tm local{};
        ::localtime_r(&time, &local);
        char when[32];
        std::strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
        table.add({std::to_string(e["number"].get<uint32_t>()), when, e.value("reason", ""),
                   std::to_string(e["generation"].get<uint64_t>()),
                   e["running"] ? in_colour(Colour::green, "runs") : ""});
    }
    table.print();
}

}  // namespace

void add_config_commands(CLI::App& app, CLI::App& show, Session& session) {
    const auto o = std::make_shared<ApplyOptions>();
    const auto json_flag = [&](CLI::App* command) {
        command->add_flag("--json", session.json_output, "print the answer as JSON (docs/api.md)");
    };
    auto* check_command = add_command(app, session, "check",
                                      "look for mistakes in a configuration "
                                      "file; needs no running router",
                                      [&session, o] { check(session, o->file); });
    check_command->add_option("FILE", o->file)->required();
    json_flag(check_command);

    auto* diff = add_show(
        app, session, "diff", "what applying a file would change",
        [&session, o] { return session.client().call("config.diff", source_params(o->file)); },
        print_differences);
    diff->add_option("FILE", o->file, "default: the file that sluice-control was started with");

    auto* apply_command = add_command(app, session, "apply",
                                      "make a file the configuration, whole "
                                      "or not at all",
                                      [&session, o] { apply(session, *o); });
    apply_command->add_option("FILE", o->file,
                              "default: the file that sluice-control was started with");
    apply_command
        ->add_option("--confirm", o->confirm_s,
                     "go back by itself after SECONDS, unless `sluice confirm` is said")
        ->check(CLI::Range(1, 86400));
    apply_command->add_option("--timeout", o->timeout_s, "how long to wait for the dataplane")
        ->capture_default_str();
    apply_command->add_flag("--dry-run", o->dry_run, "only say what would change");
    json_flag(apply_command);

    add_command(app, session, "confirm", "keep what `apply --confirm` brought", [&session] {
        const json answer = session.client().call("config.confirm");
        if (!answer["confirmed"]) throw Refused("nothing waits to be confirmed", nullptr);
        fmt::print("confirmed\n");
    });
    auto* rollback = add_command(
        app, session, "rollback",
        "go back to the configuration before, or "
        "to a number of `sluice history`",
        [&session, o] {
            json params = json::object();
            if (o->number > 0) params["number"] = o->number;
            tell_outcome(session, session.client().call("config.rollback", params), o->timeout_s);
        });
    rollback->add_option("NUMBER", o->number);
    rollback->add_option("--timeout", o->timeout_s, "how long to wait for the dataplane")
        ->capture_default_str();
    json_flag(rollback);

    add_show(
        app, session, "history", "the configurations that were applied",
        [&session] { return session.client().call("config.history"); }, print_history);

    auto* config = add_show(
        show, session, "config", "the configuration that runs",
        [&session, o] {
            json params = json::object();
            if (o->number > 0) params["number"] = o->number;
            return session.client().call("config.get", params);
        },
        [](const json& answer) {
            const std::string text = answer.value("text", "");
            fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
        });
    config->add_flag("--running", o->running, "the one that runs, which is the default");
    config->add_option("--number", o->number, "of `sluice history`");
}

}  // namespace sluice::cli
