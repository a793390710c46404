// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "control/cli/commands.h"

namespace sluice::cli {
namespace {

struct NeighbourOptions {
    std::string interface, address, mac;
};

Colour colour_of(const std::string& condition) {
    if (condition == "reachable") return Colour::green;
    if (condition == "failed") return Colour::red;
    return condition == "incomplete" ? Colour::yellow : Colour::grey;
}

void print_list(const json& answer) {
    Table table({"INTERFACE", "ADDRESS", "MAC", "CONDITION", ""});
    for (const json& n : answer["neighbours"]) {
        const std::string condition = n.value("condition", "");
        std::string flags = n["static"] ? "static" : "";
        if (n["next_hop"]) flags += flags.empty() ? "next hop" : ", next hop";
        table.add({n.value("interface", ""), n.value("address", ""),
                   n["mac"].is_string() ? n["mac"].get<std::string>() : "-",
                   in_colour(colour_of(condition), condition), flags});
    }
    table.print();
}

}  // namespace

void add_neighbour_commands(CLI::App& app, CLI::App& show, Session& session) {
    const auto o = std::make_shared<NeighbourOptions>();
    CLI::App& neighbour = *app.add_subcommand("neighbour",
                                              "MAC addresses fixed by hand, beside the "
                                              "configuration");
    neighbour.require_subcommand(1);
    auto* add =
        add_command(neighbour, session, "add", "fix the MAC address of a neighbour", [&session, o] {
            const json answer = session.client().call(
                "neighbour.add",
                {{"interface", o->interface}, {"address", o->address}, {"mac", o->mac}});
            if (!answer["on_link"]) {
                fmt::print(stderr, "note: {} is in no network of {}\n", o->address, o->interface);
            }
        });
    add->add_option("INTERFACE", o->interface)->required();
    add->add_option("ADDRESS", o->address)->required();
    add->add_option("MAC", o->mac)->required();
    auto* del = add_command(
        neighbour, session, "del", "forget a neighbour that was added so", [&session, o] {
            session.client().call("neighbour.remove",
                                  {{"interface", o->interface}, {"address", o->address}});
        });
    del->add_option("INTERFACE", o->interface)->required();
    del->add_option("ADDRESS", o->address)->required();

    auto* list = add_show(
        show, session, "neighbour", "who is known on each network",
        [&session, o] {
            json params = json::object();
            if (!o->interface.empty()) params["interface"] = o->interface;
            return session.client().call("neighbour.list", params);
        },
        print_list);
    list->add_option("INTERFACE", o->interface, "only of this one");
}

}  // namespace sluice::cli
