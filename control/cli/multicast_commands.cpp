// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "control/cli/commands.h"
#include "control/config/wording.h"

namespace sluice::cli {
namespace {

std::string who_asks(const json& i) {
    if (i["other_querier"].is_string()) return i["other_querier"].get<std::string>();
    return i.value("querier", false) ? "this router" : "-";
}

void print_multicast_interfaces(const json& answer) {
    Table table({"INTERFACE", "COPIES", "ASKS FOR MEMBERS", "GROUPS"}, {false, false, false, true});
    for (const json& i : answer["interfaces"]) {
        table.add({i.value("name", ""), i.value("copies", ""), who_asks(i),
                   fmt::format("{} of {}", i["groups"].dump(), i["max_groups"].dump())});
    }
    table.print();
}

std::string members_of(const json& group) {
    std::string text;
    for (const json& m : group["members"]) {
        text +=
            fmt::format("{}{} ({}, IGMPv{}, {:.0f} s{})", text.empty() ? "" : ", ",
                        m.value("interface", ""), m.value("reporter", ""), m["igmp_version"].dump(),
                        m["expires_s"].get<double>(), m.value("leaving", false) ? ", leaving" : "");
    }
    return text;
}

std::string names_in(const json& list) {
    std::string text;
    for (const json& name : list) text += (text.empty() ? "" : " ") + name.get<std::string>();
    return text.empty() ? "-" : text;
}

void print_groups(const json& answer) {
    Table table({"GROUP", "COPIES TO", "PACKETS", "COPIES", "MEMBERS"},
                {false, false, true, true, false});
    for (const json& g : answer["groups"]) {
        table.add({g.value("group", ""), names_in(g["copies_to"]),
                   with_commas(g.value("packets", uint64_t{0})),
                   with_commas(g.value("copies", uint64_t{0})), members_of(g)});
    }
    table.print();
}

void print_forwarded(const json& answer) {
    if (answer["interfaces"].empty()) {
        fmt::print("no multicast is forwarded: the configuration has no \"multicast\"\n");
        return;
    }
    print_multicast_interfaces(answer);
    if (!answer["groups"].empty()) fmt::print("\n");
    print_groups(answer);
    fmt::print("{} groups of {}; {} packets forwarded in {} copies\n", answer["groups"].size(),
               answer["max_groups"].dump(), with_commas(answer.value("packets", uint64_t{0})),
               with_commas(answer.value("copies", uint64_t{0})));
}

void print_relay(const json& relay) {
    const auto interfaces = relay["interfaces"].get<std::vector<std::string>>();
    if (interfaces.empty()) return;
    std::vector<std::string> ports;
    for (const json& port : relay["udp_ports"]) ports.push_back(port.dump());
    fmt::print("broadcasts to UDP port{} {} are relayed between {}: {} in {} copies\n",
               ports.size() == 1 ? "" : "s", config::listed(ports), config::listed(interfaces),
               with_commas(relay.value("packets", uint64_t{0})),
               with_commas(relay.value("copies", uint64_t{0})));
}

void print_multicast(const json& answer) {
    print_forwarded(answer);
    print_relay(answer["broadcast_relay"]);
    if (!answer["dataplane_alive"]) {
        fmt::print("{}\n", in_colour(Colour::yellow, "no dataplane is running"));
    }
}

}  // namespace

void add_multicast_commands(CLI::App&, CLI::App& show, Session& session) {
    add_show(
        show, session, "multicast",
        "multicast: who has joined which group, where copies go, who asks for members",
        [&session] { return session.client().call("multicast.list", json::object()); },
        print_multicast);
}

}  // namespace sluice::cli
