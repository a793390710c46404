// SPDX-License-Identifier: BSD-3-Clause
#include <charconv>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "control/cli/commands.h"
#include "control/config/nat_shares.h"
#include "control/config/read.h"

namespace sluice::cli {
namespace {

std::string target_text(const json& target) {
    const std::string address = target.value("address", "");
    return target["health"] == "dead" ? in_colour(Colour::red, address + " (dead)") : address;
}

std::string joined(const json& list) {
    std::string text;
    for (const json& item : list) {
        const std::string one = item.is_object() ? target_text(item)
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

std::string share_of_ports(const json& r) {
    const std::string choice = r.value("port_choice", "");
    if (choice == "blocks") return fmt::format(" in blocks of {}", r["block_size"].get<uint32_t>());
    if (choice != "deterministic") return "";
    return fmt::format(", {} for each host", r["block_size"].get<uint32_t>());
}

std::string becomes(const json& r) {
    if (r["type"] == "exempt") return "as it is";
    if (r["type"] == "static") return r["internal"].get<std::string>() + ", and back";
    if (r["type"] == "dynamic") return "from one of " + joined(r["external"]);
    if (r["type"] == "source") {
        return fmt::format("from {} ports {}{}", joined(r["external"]),
                           r["ports"].get<std::string>(), share_of_ports(r));
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

// 203.0.113.9:2345, or an address alone.
struct Endpoint {
    net::Ipv4Address address;
    std::optional<uint16_t> port;
};
Endpoint read_endpoint(const std::string& text) {
    const size_t colon = text.find(':');
    const auto address = net::parse_address(text.substr(0, colon));
    uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const bool has_port = colon != std::string::npos;
    const auto [stopped, error] = has_port ? std::from_chars(text.data() + colon + 1, end, port)
                                           : std::from_chars_result{end, {}};
    if (!address || stopped != end || error != std::errc{}) {
        throw CLI::ValidationError("ENDPOINT", "should be such as 203.0.113.9:2345, or an address");
    }
    return {*address, has_port ? std::optional(port) : std::nullopt};
}

// By the running configuration, or by one that was kept: then nobody has to be running.
json owner(Session& session, const Endpoint& of, const std::string& file) {
    if (file.empty()) {
        json params{{"address", net::to_string(of.address)}};
        if (of.port) params["port"] = *of.port;
        return session.client().call("nat.owner", params);
    }
    const config::ReadResult read = config::read_config_file(file);
    if (!read.config) throw Refused(config::to_string(read.problems.at(0)), {});
    return {{"shares", of.port ? config::shares_with(*read.config, of.address, *of.port)
                               : config::shares_of(*read.config, of.address)}};
}

void print_owner(const json& answer, const Endpoint& of) {
    for (const json& s : answer["shares"]) {
        fmt::print("{} has {} ports {}, by rule {}\n", s.value("internal", ""),
                   s.value("external", ""), s.value("ports", ""), s.value("rule", ""));
    }
    if (!answer["shares"].empty()) return;
    if (of.port) {
        fmt::print(
            "nobody, by a deterministic rule; `sluice show sessions` tells who has it now\n");
    } else {
        const std::string host = net::to_string(of.address);
        fmt::print(
            "no deterministic rule gives {} ports; `sluice show sessions --address {}` tells "
            "which it has now\n",
            host, host);
    }
}

}  // namespace

void add_nat_commands(CLI::App&, CLI::App& show, Session& session) {
    add_show(
        show, session, "nat",
        "the NAT's rules in their order, what they did, and the ports of external addresses",
        [&session] { return session.client().call("nat.list"); }, print_nat);

    const auto endpoint = std::make_shared<std::string>(), file = std::make_shared<std::string>();
    auto* owner_command = add_show(
        *show.get_subcommand("nat"), session, "owner",
        "who has an external port by a deterministic rule, or which ports a host has",
        [&session, endpoint, file] { return owner(session, read_endpoint(*endpoint), *file); },
        [endpoint](const json& answer) { print_owner(answer, read_endpoint(*endpoint)); });
    owner_command->add_option("ENDPOINT", *endpoint, "203.0.113.9:2345, or an address inside")
        ->required();
    owner_command->add_option("--config", *file, "by this configuration, not the running one");
}

}  // namespace sluice::cli
