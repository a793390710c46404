// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>

#include <fmt/format.h>

#include "control/cli/commands.h"
#include "control/cli/lines_file.h"
#include "lib/net/address6.h"

namespace sluice::cli {
namespace {

struct RouteOptions {
    std::string prefix;
    std::vector<std::string> way;
    std::string file;
    std::vector<std::string> via;
    std::string where;
    uint64_t limit = 50;
};

// What control takes in one request, less room for the rest of it.
constexpr size_t largest_text = size_t{48} << 20;

void tell_errors(Session& session, const json& answer) {
    for (const json& e : answer["errors"]) {
        fmt::print(stderr, "line {}: {}\n", e.value("line", 0), e.value("message", ""));
    }
    const auto errors = answer["error_count"].get<uint64_t>();
    if (errors > answer["errors"].size()) fmt::print(stderr, "... {} in all\n", errors);
    if (errors > 0) session.exit_code = exit_refused;
}

json change(Session& session, std::string_view text, bool remove,
            const std::vector<std::string>& via = {}) {
    return session.client().call_with_text("route.change", {{"remove", remove}, {"via", via}},
                                           "text", text);
}

void change_one(Session& session, const RouteOptions& o, bool remove) {
    std::string line = o.prefix;
    for (const std::string& word : o.way) line += " " + word;
    const json answer = change(session, line, remove);
    for (const json& e : answer["errors"]) throw Refused(e.value("message", ""), nullptr);
}

void change_file(Session& session, const RouteOptions& o, bool remove) {
    const auto begin = std::chrono::steady_clock::now();
    const std::string text = read_lines_file(o.file);
    std::string_view rest = text;
    uint64_t changed = 0, errors = 0, routes = 0;
    while (!rest.empty()) {
        size_t length = rest.size();
        if (length > largest_text) length = rest.rfind('\n', largest_text) + 1;
        if (length == 0) throw std::runtime_error(o.file + ": a line is too long");
        const json answer = change(session, rest.substr(0, length), remove, o.via);
        tell_errors(session, answer);
        changed += answer["changed"].get<uint64_t>();
        errors += answer["error_count"].get<uint64_t>();
        routes = answer["routes"].get<uint64_t>();
        rest.remove_prefix(length);
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    if (session.json_output) {
        fmt::print("{}\n", json{{"changed", changed},
                                {"error_count", errors},
                                {"routes", routes},
                                {"seconds", taken.count()}}
                               .dump(2));
        return;
    }
    fmt::print("{} routes {} in {:.2f} s; the table has {}\n", with_commas(changed),
               remove ? "withdrawn" : "loaded", taken.count(), with_commas(routes));
}

void print_next_hop(const json& hop, const std::string& indent) {
    fmt::print("{}{}", indent, hop.value("way", ""));
    if (hop.contains("address") && hop.value("kind", "") == "connected") {
        fmt::print(", itself a neighbour");
    }
    if (hop.contains("mtu")) {
        fmt::print(", interface {}, MTU {}", hop.value("interface_condition", ""),
                   hop["mtu"].get<uint32_t>());
    }
    if (hop.contains("neighbour") && hop["neighbour"].is_object()) {
        const json& n = hop["neighbour"];
        fmt::print(", neighbour {} {}", n["mac"].is_string() ? n["mac"].get<std::string>() : "?",
                   n.value("condition", ""));
    } else if (hop.contains("address")) {
        fmt::print(", neighbour not known yet");
    }
    fmt::print("\n");
    if (!hop.contains("members")) return;
    for (const json& member : hop["members"]) print_next_hop(member, indent + "  ");
}

void print_candidates(const json& candidates) {
    for (const json& c : candidates) {
        const bool chosen = c["chosen"].get<bool>();
        fmt::print("{} {}{}\n", chosen ? in_colour(Colour::green, "*") : " ", c.value("source", ""),
                   c["alive"] ? "" : in_colour(Colour::red, " (down)"));
        print_next_hop(c["next_hop"], "    ");
    }
}

void print_dead(const json& dead) {
    for (const json& d : dead) {
        fmt::print("{} {} {}: {}\n", in_colour(Colour::yellow, "not usable:"),
                   d.value("prefix", ""), d.value("way", ""), d.value("why_not", ""));
    }
}

void print_lookup(const json& answer) {
    if (answer["prefix"].is_null()) {
        fmt::print("{}: {}\n", answer.value("address", ""),
                   in_colour(Colour::red, answer.value("why_not", "")));
        print_dead(answer["dead"]);
        return;
    }
    fmt::print("{} is in {}\n", answer.value("address", ""),
               in_colour(Colour::bold, answer["prefix"].get<std::string>()));
    print_candidates(answer["candidates"]);
    print_dead(answer["dead"]);
    const std::string why = answer.value("why_not", "");
    if (!why.empty()) fmt::print("{} {}\n", in_colour(Colour::red, "does not get there:"), why);
}

void print_routes(const json& answer) {
    if (!answer["candidates"].empty()) print_candidates(answer["candidates"]);
    Table table({"PREFIX", "SOURCE", "WAY"});
    for (const json& r : answer["routes"]) {
        table.add({r.value("prefix", ""), r.value("source", ""), r.value("way", "")});
    }
    if (answer.contains("routes6")) {
        for (const json& r : answer["routes6"]) {
            table.add({r.value("prefix", ""), r.value("source", ""), r.value("way", "")});
        }
    }
    table.print();
    const auto matching = answer["matching"].get<uint64_t>();
    if (matching > answer["routes"].size()) {
        fmt::print("{}\n", in_colour(Colour::grey,
                                     fmt::format("{} of {}; --limit N shows more",
                                                 answer["routes"].size(), with_commas(matching))));
    }
}

json ask(Session& session, const RouteOptions& o) {
    if (net::parse_address(o.where) || net::parse_address6(o.where)) {
        return session.client().call("route.lookup", {{"address", o.where}});
    }
    json params{{"limit", o.limit}};
    if (!o.where.empty()) params["inside"] = o.where;
    return session.client().call("route.list", params);
}

}  // namespace

void add_route_commands(CLI::App& app, CLI::App& show, Session& session) {
    const auto o = std::make_shared<RouteOptions>();
    CLI::App& route = *app.add_subcommand("route",
                                          "routes beside the configuration, kept until they "
                                          "are withdrawn or the machine restarts");
    route.require_subcommand(1);

    auto* add = add_command(route, session, "add",
                            "PREFIX via A[,B] [dev IF] | dev IF | blackhole | "
                            "unreachable | prohibit",
                            [&session, o] { change_one(session, *o, false); });
    add->add_option("PREFIX", o->prefix)->required();
    add->add_option("WAY", o->way)->required();
    auto* del = add_command(route, session, "del", "withdraw a route that was added at run time",
                            [&session, o] { change_one(session, *o, true); });
    del->add_option("PREFIX", o->prefix)->required();

    auto* load = add_command(route, session, "load",
                             "add the routes of a file, one `PREFIX WAY` a "
                             "line; .gz too, and - for standard input",
                             [&session, o] { change_file(session, *o, false); });
    load->add_option("FILE", o->file)->required();
    load->add_option("--via", o->via, "next hops for lines `PREFIX NUMBER`, drawn by the number")
        ->delimiter(',');
    load->add_flag("--json", session.json_output, "print the answer as JSON (docs/api.md)");
    auto* withdraw = add_command(route, session, "withdraw", "withdraw the routes of a file",
                                 [&session, o] { change_file(session, *o, true); });
    withdraw->add_option("FILE", o->file)->required();
    withdraw->add_flag("--json", session.json_output, "print the answer as JSON (docs/api.md)");
    add_command(route, session, "flush", "withdraw all that was added at run time", [&session] {
        const json answer = session.client().call("route.flush");
        fmt::print("{} routes withdrawn\n", with_commas(answer["changed"].get<uint64_t>()));
    });

    auto* shown = add_show(
        show, session, "route",
        "where packets go: the table, a prefix, or all "
        "about an address",
        [&session, o] { return ask(session, *o); },
        [&session](const json& answer) {
            if (!answer.contains("routes")) {
                print_lookup(answer);
                if (!answer["reached"]) session.exit_code = exit_refused;
            } else {
                print_routes(answer);
            }
        });
    shown->add_option("WHERE", o->where, "an address, or a prefix to look inside");
    shown->add_option("--limit", o->limit, "how many routes to print")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
}

}  // namespace sluice::cli
