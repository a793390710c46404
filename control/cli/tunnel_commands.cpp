// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "control/cli/commands.h"

namespace sluice::cli {
namespace {

std::string ends_of(const json& t) {
    return fmt::format("{} - {}{}{}", t.value("local", ""), t.value("remote", ""),
                       t["udp_port"].is_null() ? "" : fmt::format(" udp {}", t["udp_port"].dump()),
                       t["key"].is_null() ? "" : fmt::format(" key {}", t["key"].dump()));
}

std::string condition_of(const json& t) {
    const std::string condition = t.value("condition", "");
    const Colour colour = condition == "up"         ? Colour::green
                          : condition == "disabled" ? Colour::grey
                                                    : Colour::yellow;
    return in_colour(colour, condition);
}

std::string packets(const json& t, const char* which) {
    return t["counters"].is_object() ? with_commas(t["counters"].value(which, uint64_t{0})) : "-";
}

std::string number_or_dash(const json& value) { return value.is_null() ? "-" : value.dump(); }

void print_tunnels(const json& answer) {
    Table table({"NAME", "TYPE", "LOCAL - REMOTE", "CONDITION", "MTU", "RX", "TX"},
                {false, false, false, false, true, true, true});
    for (const json& t : answer["tunnels"]) {
        table.add({t.value("name", ""), t.value("type", ""), ends_of(t), condition_of(t),
                   number_or_dash(t["mtu"]), packets(t, "rx_packets"), packets(t, "tx_packets")});
    }
    table.print();
    for (const json& t : answer["tunnels"]) {
        if (!t.value("why", "").empty()) {
            fmt::print("{}: {}\n", t.value("name", ""), t.value("why", ""));
        }
    }
    if (!answer["dataplane_alive"]) {
        fmt::print("{}\n", in_colour(Colour::yellow, "no dataplane is running"));
    }
}

void print_tunnel(const json& t) {
    fmt::print("{} is {}{}\n", in_colour(Colour::bold, t.value("name", "")), condition_of(t),
               t.value("description", "").empty() ? "" : ": " + t.value("description", ""));
    if (!t.value("why", "").empty()) fmt::print("  why: {}\n", t.value("why", ""));
    fmt::print("  {} {}{}{}{}\n", t.value("type", ""), ends_of(t),
               t.value("any_remote", false) ? ", takes in from anywhere" : "",
               t.value("checksum", false) ? ", with checksums" : "",
               t.value("sequence", false) ? ", in sequence" : "");
    fmt::print("  to the remote {}\n", t["way"].is_null() ? "no route" : t.value("way", ""));
    if (!t.value("bridge", "").empty()) {
        fmt::print("  carries the frames of {}\n", t.value("bridge", ""));
    }
    std::string addresses;
    for (const json& a : t["addresses"]) addresses += " " + a.get<std::string>();
    fmt::print("  addresses{}\n", addresses.empty() ? " -" : addresses);
    fmt::print("  MTU {}{}\n", number_or_dash(t["mtu"]),
               t["path_mtu"].is_null()
                   ? ""
                   : fmt::format(" (a router on the way takes {} bytes)", t["path_mtu"].dump()));
    if (t.value("keepalive_s", 0) > 0) {
        fmt::print("  asked for a sign of life every {} s; {}\n", t.value("keepalive_s", 0),
                   t["answered_ago_s"].is_null()
                       ? std::string("never answered")
                       : fmt::format("answered {:.1f} s ago", t["answered_ago_s"].get<double>()));
    }
    fmt::print("  received {} packets, sent {}\n", packets(t, "rx_packets"),
               packets(t, "tx_packets"));
}

}  // namespace

void add_tunnel_commands(CLI::App&, CLI::App& show, Session& session) {
    const auto name = std::make_shared<std::string>();
    auto* shown = add_show(
        show, session, "tunnel", "tunnels: their ends, whether each carries packets, and why not",
        [&session, name] {
            json params = json::object();
            if (!name->empty()) params["name"] = *name;
            return session.client().call("tunnel.list", params);
        },
        [name](const json& answer) {
            if (name->empty()) return print_tunnels(answer);
            for (const json& t : answer["tunnels"]) print_tunnel(t);
        });
    shown->add_option("NAME", *name, "all about this one");
}

}  // namespace sluice::cli
