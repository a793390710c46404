// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "control/cli/commands.h"

namespace sluice::cli {
namespace {

Colour colour_of(const std::string& condition) {
    if (condition == "up") return Colour::green;
    if (condition == "failed") return Colour::red;
    return condition == "disabled" ? Colour::grey : Colour::yellow;
}

std::string joined(const json& list) {
    std::string text;
    for (const json& item : list) text += (text.empty() ? "" : " ") + item.get<std::string>();
    return text.empty() ? "-" : text;
}

uint64_t number(const json& object, const char* name) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found != object.end() && found->is_number() ? found->get<uint64_t>() : 0;
}

std::string rate(const json& interface, const char* name, std::string_view of = "") {
    const json& rates = interface["rates"];
    return rates.is_object() ? rate_text(rates.value(name, 0.0), of) : "-";
}

void print_indented(const std::string& text) {
    size_t at = 0;
    while (at < text.size()) {
        const size_t end = std::min(text.find('\n', at), text.size());
        if (end > at) fmt::print("    {}\n", text.substr(at, end - at));
        at = end + 1;
    }
}

void print_device_counters(const json& device) {
    std::string line;
    for (const auto* name : {"rx_missed", "rx_errors", "rx_no_buffer", "tx_errors"}) {
        if (number(device, name) > 0)
            line += fmt::format(" {} {}", name, with_commas(number(device, name)));
    }
    if (!device.is_object()) return;
    for (const auto& item : device["allowance"].items()) {
        if (item.value() == 0) continue;
        line +=
            fmt::format(" allowance_{} {}", item.key(), with_commas(item.value().get<uint64_t>()));
    }
    fmt::print("  device drops:{}\n", line.empty() ? " none" : in_colour(Colour::yellow, line));
}

void print_port(const json& asked, const json& got) {
    fmt::print("  driver {}, MAC {}, speed {}\n", got.value("driver", ""), got.value("mac", ""),
               number(got, "speed_mbps") == 0
                   ? "unknown"
                   : fmt::format("{} Mbit/s", number(got, "speed_mbps")));
    fmt::print(
        "  MTU {} (asked {}), queues {} rx {} tx (asked {}), descriptors {} rx {} tx "
        "(asked {}, {})\n",
        number(got, "mtu"), number(asked, "mtu"), number(got, "rx_queues"),
        number(got, "tx_queues"), asked["rx_queues"].dump(), number(got, "rx_descriptors"),
        number(got, "tx_descriptors"), number(asked, "rx_descriptors"),
        number(asked, "tx_descriptors"));
    fmt::print("  asked of the device: {}\n  granted: {}\n", joined(got["features_asked"]),
               joined(got["features_granted"]));
}

// `show tunnel` tells the rest.
void print_tunnel(const json& asked, const json& got) {
    const json& mtu = asked["mtu"];
    fmt::print("  MTU {} (asked {})\n", number(got, "mtu"),
               mtu.is_string() ? mtu.get<std::string>() : mtu.dump());
}

void print_interface(const json& i) {
    const std::string condition = i.value("condition", "");
    const json& asked = i["asked"];
    const json& got = i["got"];
    fmt::print("{} is {}{}\n", in_colour(Colour::bold, i.value("name", "")),
               in_colour(colour_of(condition), condition),
               i.value("description", "").empty() ? "" : ": " + i.value("description", ""));
    fmt::print("  device {}\n  addresses {}\n", asked.value("device", ""),
               joined(asked["addresses"]));
    if (i["bridged_with"].is_string()) {
        fmt::print("  bridged with {}: frames go from the one to the other\n",
                   i["bridged_with"].get<std::string>());
    }
    if (got.is_object()) (got.contains("port") ? print_port : print_tunnel)(asked, got);
    if (!i.value("why", "").empty()) {
        fmt::print("  why:\n");
        print_indented(i.value("why", ""));
    }
    if (!i["counters"].is_object()) return;
    const json& c = i["counters"];
    fmt::print("  received {} packets, {}; sent {} packets, {}\n",
               with_commas(number(c, "rx_packets")), bytes_text(number(c, "rx_bytes")),
               with_commas(number(c, "tx_packets")), bytes_text(number(c, "tx_bytes")));
    if (i["rates"].is_object()) {
        fmt::print("  receives {}, {}; sends {}, {}\n", rate(i, "rx_packets_per_s", "packets/s"),
                   rate(i, "rx_bits_per_s", "bit/s"), rate(i, "tx_packets_per_s", "packets/s"),
                   rate(i, "tx_bits_per_s", "bit/s"));
    }
    print_device_counters(i["device_counters"]);
}

void print_interfaces(const json& answer) {
    Table table({"NAME", "CONDITION", "ADDRESSES", "MTU", "SPEED", "RX", "TX", "RX PPS", "RX BPS",
                 "TX PPS", "TX BPS", "DEVICE DROPS"},
                {false, false, false, true, true, true, true, true, true, true, true, true});
    for (const json& i : answer["interfaces"]) {
        const std::string condition = i.value("condition", "");
        const json& device = i["device_counters"];
        const uint64_t drops = number(device, "rx_missed") + number(device, "rx_errors") +
                               number(device, "rx_no_buffer") + number(device, "tx_errors");
        const uint64_t mtu =
            i["got"].is_object() ? number(i["got"], "mtu") : number(i["asked"], "mtu");
        const uint64_t speed = number(i["got"], "speed_mbps");
        table.add({i.value("name", ""), in_colour(colour_of(condition), condition),
                   joined(i["asked"]["addresses"]), std::to_string(mtu),
                   speed == 0 ? "-" : std::to_string(speed),
                   with_commas(number(i["counters"], "rx_packets")),
                   with_commas(number(i["counters"], "tx_packets")), rate(i, "rx_packets_per_s"),
                   rate(i, "rx_bits_per_s"), rate(i, "tx_packets_per_s"), rate(i, "tx_bits_per_s"),
                   drops == 0 ? "0" : in_colour(Colour::yellow, with_commas(drops))});
    }
    table.print();
    for (const json& i : answer["interfaces"]) {
        if (i.value("condition", "") != "failed") continue;
        fmt::print("{}:\n", in_colour(Colour::red, i.value("name", "") + " failed"));
        print_indented(i.value("why", ""));
    }
    if (!answer["dataplane_alive"]) {
        fmt::print("{}\n", in_colour(Colour::yellow, "no dataplane is running"));
    }
}

}  // namespace

void add_interface_commands(CLI::App&, CLI::App& show, Session& session) {
    const auto name = std::make_shared<std::string>();
    auto* shown = add_show(
        show, session, "interface",
        "interfaces: what was asked, what was got and "
        "why; counters",
        [&session, name] {
            json params = json::object();
            if (!name->empty()) params["name"] = *name;
            return session.client().call("interface.list", params);
        },
        [name](const json& answer) {
            if (name->empty()) return print_interfaces(answer);
            for (const json& i : answer["interfaces"]) print_interface(i);
        });
    shown->add_option("NAME", *name, "all about this one");
}

}  // namespace sluice::cli
