// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "control/cli/commands.h"

namespace sluice::cli {
namespace {

std::string joined(const json& list) {
    std::string text;
    for (const json& item : list) {
        const std::string one = item.is_object() ? item.value("address", "")
                                : item.is_null() ? "no address"
                                                 : item.get<std::string>();
        text += (text.empty() ? "" : ", ") + one;
    }
    return text;
}

void append(std::string& text, std::string_view word, const std::string& value) {
    if (!value.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : " ", word, value);
}

// from 10.0.0.0/8 out wan; tcp in wan to 203.0.113.2 port 80
std::string matched(const json& r) {
    const bool by_external = r["type"] == "forward" || r["type"] == "static";
    std::string text = r["protocol"] == "any" ? "" : r.value("protocol", "");
    append(text, "from", joined(r["from"]));
    append(text, "in", r.value("in", ""));
    append(text, "out", r.value("out", ""));
    append(text, "to", joined(r["destination"]));
    if (by_external) append(text, "to", joined(r["external"]));
    if (r["type"] == "forward") append(text, "port", r["ports"].get<std::string>());
    return text.empty() ? "all" : text;
}

std::string becomes(const json& r) {
    if (r["type"] == "exempt") return "as it is";
    if (r["type"] == "static") return r["internal"].get<std::string>() + ", and back";
    if (r["type"] == "dynamic") return "from one of " + joined(r["external"]);
    if (r["type"] == "source") {
        return fmt::format("from {} ports {}", joined(r["external"]),
                           r["ports"].get<std::string>());
    }
    const std::string source = joined(r["source"]);
    return fmt::format("to {}{}", joined(r["targets"]), source.empty() ? "" : " from " + source);
}

std::string port_text(const json& level) {
    return fmt::format("{} / {}", with_commas(level["used"].get<uint64_t>()),
                       with_commas(level["free"].get<uint64_t>()));
}

void print_nat(const json& answer) {
    if (answer["rules"].empty()) {
        fmt::print("there are no NAT rules\n");
        return;
    }
    Table rules({"RULE", "TYPE", "WHAT COMES", "BECOMES", "SESSIONS", "REFUSED", "PACKETS"},
                {false, false, false, false, true, true, true});
    for (const json& r : answer["rules"]) {
        const uint64_t refused = r["refused"].get<uint64_t>();
        rules.add({r.value("name", ""), r.value("type", ""), matched(r), becomes(r),
                   with_commas(r["sessions"].get<uint64_t>()),
                   refused == 0 ? "0" : in_colour(Colour::red, with_commas(refused)),
                   with_commas(r["packets"].get<uint64_t>())});
    }
    rules.print();
    if (const std::string trouble = answer.value("trouble", ""); !trouble.empty()) {
        fmt::print("{}\n", in_colour(Colour::red, trouble));
    }
    if (answer["addresses"].empty()) return;
    Table addresses({"EXTERNAL", "TCP USED / FREE", "UDP USED / FREE", "ICMP USED / FREE"},
                    {false, true, true, true});
    for (const json& a : answer["addresses"]) {
        addresses.add({a.value("address", ""), port_text(a["tcp"]), port_text(a["udp"]),
                       port_text(a["icmp"])});
    }
    fmt::print("\n");
    addresses.print();
}

}  // namespace

void add_nat_commands(CLI::App&, CLI::App& show, Session& session) {
    add_show(
        show, session, "nat",
        "the NAT's rules in their order, what they did, and the ports of external addresses",
        [&session] { return session.client().call("nat.list"); }, print_nat);
}

}  // namespace sluice::cli
