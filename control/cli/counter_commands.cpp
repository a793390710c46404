// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <fmt/format.h>

#include "control/cli/commands.h"

namespace sluice::cli {
namespace {

std::string percent(const json& value) {
    return value.is_number() ? fmt::format("{:.1f} %", value.get<double>()) : "-";
}

void print_drops(const json& answer) {
    json sorted = answer["drops"];
    std::stable_sort(sorted.begin(), sorted.end(), [](const json& a, const json& b) {
        return a["packets"].get<uint64_t>() > b["packets"].get<uint64_t>();
    });
    if (sorted.empty()) {
        fmt::print("no packet was dropped\n");
        return;
    }
    Table table({"PACKETS", "REASON", "SEVERITY", "WHAT IT MEANS", "WHAT TO DO"}, {true});
    for (const json& d : sorted) {
        const std::string severity = d.value("severity", "");
        table.add({with_commas(d["packets"].get<uint64_t>()), d.value("name", ""),
                   in_colour(colour_of_severity(severity), severity), d.value("sentence", ""),
                   d.value("advice", "")});
    }
    table.print();
}

void print_cycles(const json& answer) {
    for (const json& w : answer["workers"]) {
        fmt::print("worker {}: busy {}, {} packets, {:.0f} cycles each\n", w["worker"].get<int>(),
                   percent(w["busy_percent"]), with_commas(w["packets"].get<uint64_t>()),
                   w["cycles_per_packet"].get<double>());
        Table table({"  STAGE", "PACKETS", "CYCLES/PACKET", ""}, {false, true, true});
        for (const json& s : w["stages"]) {
            table.add({"  " + s.value("stage", ""), with_commas(s["packets"].get<uint64_t>()),
                       s["cycles_per_packet"].is_number()
                           ? fmt::format("{:.1f}", s["cycles_per_packet"].get<double>())
                           : "-",
                       in_colour(Colour::grey, s.value("sentence", ""))});
        }
        table.print();
    }
    if (answer["workers"].empty()) fmt::print("no worker has run yet\n");
}

void print_workers(const json& answer) {
    Table table({"WORKER", "CORE", "GENERATION", "BUSY", "PACKETS", "DROPS", "SLEEPS", "SILENT"},
                {true, true, true, true, true, true, true, true});
    for (const json& w : answer["workers"]) {
        const double silent = w["silent_ms"].get<double>();
        const std::string text = fmt::format("{:.0f} ms", silent);
        table.add({std::to_string(w["worker"].get<int>()), std::to_string(w["core"].get<int>()),
                   std::to_string(w["generation"].get<uint64_t>()), percent(w["busy_percent"]),
                   with_commas(w["packets"].get<uint64_t>()),
                   with_commas(w["drops"].get<uint64_t>()),
                   with_commas(w["sleeps"].get<uint64_t>()),
                   silent > 1000 ? in_colour(Colour::red, text) : text});
    }
    table.print();
    if (!answer["dataplane_alive"]) {
        fmt::print("{}\n", in_colour(Colour::yellow, "no dataplane is running"));
    }
}

}  // namespace

void add_counter_commands(CLI::App&, CLI::App& show, Session& session) {
    const auto all = std::make_shared<bool>(false);
    auto* drops = add_show(
        show, session, "drops", "why packets were dropped, and what to do",
        [&session, all] {
            return session.client().call("drop.list", {{"all", *all}});
        },
        print_drops);
    drops->add_flag("--all", *all, "reasons without a packet too");
    add_show(
        show, session, "cycles", "what each stage costs, by worker",
        [&session] { return session.client().call("cycle.list"); }, print_cycles);
    add_show(
        show, session, "workers", "the threads that forward",
        [&session] { return session.client().call("worker.list"); }, print_workers);
    add_show(
        show, session, "tallies", "what the router did beside forwarding: ARP, ICMP, fragments",
        [&session] { return session.client().call("tally.list"); },
        [](const json& answer) {
            Table table({"COUNT", "WHAT"}, {true});
            for (const auto& item : answer["tallies"].items()) {
                table.add({with_commas(item.value().get<uint64_t>()), item.key()});
            }
            table.print();
        });
}

}  // namespace sluice::cli
