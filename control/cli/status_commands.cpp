// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "control/cli/commands.h"
#include "lib/layout/regions.h"

namespace sluice::cli {
namespace {

std::string pages(const json& huge) { return huge.get<bool>() ? "hugepages" : "ordinary pages"; }

void print_status(const json& answer) {
    const json& c = answer["control"];
    fmt::print("control    {}, process {}, up {}, generation {}\n", c.value("version", ""),
               c["process"].get<int>(), duration_text(c["uptime_s"].get<double>()),
               c["generation"].get<uint64_t>());
    fmt::print("           configuration {}, intent memory on {}\n", c.value("config_file", ""),
               pages(c["intent_on_huge_pages"]));
    if (c["confirm_left_s"].is_number()) {
        fmt::print("           {}\n",
                   in_colour(Colour::yellow, fmt::format("goes back in {:.0f} s unless confirmed",
                                                         c["confirm_left_s"].get<double>())));
    }
    const json& d = answer["dataplane"];
    if (!d["alive"]) {
        const std::string trouble = d.value("trouble", "");
        fmt::print("dataplane  {}\n",
                   in_colour(Colour::red, trouble.empty() ? "is not running" : trouble));
        return;
    }
    if (d["starting"]) {
        fmt::print("dataplane  {}\n", in_colour(Colour::yellow, "is starting"));
        return;
    }
    fmt::print("dataplane  {}, process {}, up {}, generation {}, {} worker{}\n",
               d.value("version", ""), d["process"].get<int>(),
               duration_text(d["uptime_s"].get<double>()), d["generation"].get<uint64_t>(),
               d["workers"].get<int>(), d["workers"] == 1 ? "" : "s");
    fmt::print("           packets on {}, state memory on {}, processor {}\n",
               pages(d["packets_on_huge_pages"]), pages(d["state_on_huge_pages"]),
               d["cpu_percent"].is_number()
                   ? fmt::format("{:.1f} % of a core", d["cpu_percent"].get<double>())
                   : "not measured yet");
    if (d["refused_generation"].get<uint64_t>() > d["generation"].get<uint64_t>()) {
        fmt::print("           {}\n",
                   in_colour(Colour::red, fmt::format("refused generation {}: {}",
                                                      d["refused_generation"].get<uint64_t>(),
                                                      d.value("message", ""))));
    }
}

void print_memory(const json& m) {
    const json& fib = m["fib"];
    const auto bytes = [](const json& value) { return bytes_text(value.get<uint64_t>()); };
    // The table's pages stay touched, so that a share of them means nothing for a few routes.
    constexpr uint64_t many = 10'000;
    const auto routes = m["routes"].get<uint64_t>();
    fmt::print("routes         {}{}\n", with_commas(routes),
               routes < many
                   ? ""
                   : fmt::format(", {:.1f} bytes each", m["bytes_per_route"].get<double>()));
    fmt::print("FIB            {} reserved, {} touched; groups {} in use, {} free\n",
               bytes(fib["bytes"]), bytes(fib["bytes_touched"]),
               fib["groups_in_use"].get<uint64_t>(), fib["groups_free"].get<uint64_t>());
    fmt::print("route trie     {}\n", bytes(m["rib_bytes"]));
    fmt::print("run-time       {} of {} routes\n", with_commas(m["runtime_routes"].get<uint64_t>()),
               with_commas(m["runtime_capacity"].get<uint64_t>()));
    fmt::print("next hops      {} of {}\n", m["next_hops"].get<uint64_t>(),
               m["next_hops_capacity"].get<uint64_t>());
    fmt::print("intent memory  {} on {}\n", bytes(m["intent_bytes"]),
               pages(m["intent_on_huge_pages"]));
    fmt::print("state memory   {} on {}\n", bytes(m["state_bytes"]),
               pages(m["state_on_huge_pages"]));
}

void print_events(const json& answer) {
    for (const json& e : answer["events"]) {
        const std::string severity = e.value("severity", "");
        fmt::print("{:>12} ago  {}\n", duration_text(e["ago_s"].get<double>()),
                   in_colour(colour_of_severity(severity), e.value("sentence", "")));
    }
    if (answer["events"].empty()) fmt::print("nothing has happened\n");
    if (answer["lost"] != 0) fmt::print("{} more were lost\n", answer["lost"].get<uint64_t>());
}

}  // namespace

void add_status_commands(CLI::App& app, CLI::App& show, Session& session) {
    add_show(
        show, session, "status", "both processes at a glance",
        [&session] { return session.client().call("status.get"); }, print_status);
    add_show(
        show, session, "memory", "what the routes and the two memories take",
        [&session] { return session.client().call("memory.get"); }, print_memory);
    add_show(
        show, session, "events", "what happened, the newest last",
        [&session] { return session.client().call("event.list"); }, print_events);
    add_command(app, session, "version", "print the version",
                [] { fmt::print("{}\n", layout::version); });
}

}  // namespace sluice::cli
