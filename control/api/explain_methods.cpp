// SPDX-License-Identifier: BSD-3-Clause
#include <charconv>

#include <fmt/format.h>

#include "control/api/methods.h"
#include "control/api/trace_names.h"
#include "control/explain/packet.h"
#include "control/explain/rehearsal.h"
#include "lib/net/wire.h"

namespace sluice::api {
namespace {

std::vector<uint8_t> bytes_of(const std::string& hex) {
    std::string digits;
    for (const char c : hex) {
        if (c != ' ' && c != ':' && c != '\n') digits += c;
    }
    std::vector<uint8_t> bytes(digits.size() / 2);
    bool good = digits.size() % 2 == 0 && !bytes.empty();
    for (size_t i = 0; i < bytes.size() && good; ++i) {
        const char* at = digits.data() + 2 * i;
        const auto [end, error] = std::from_chars(at, at + 2, bytes[i], 16);
        good = error == std::errc{} && end == at + 2;
    }
    if (!good) throw Failure(error::invalid_params, "\"hex\" should be a frame in hex digits");
    return bytes;
}

uint8_t protocol_of(const Params& params) {
    const std::string name = params.optional_text("proto").value_or("udp");
    if (name == "udp") return static_cast<uint8_t>(net::Protocol::udp);
    if (name == "tcp") return static_cast<uint8_t>(net::Protocol::tcp);
    if (name == "icmp") return static_cast<uint8_t>(net::Protocol::icmp);
    uint8_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || end != name.data() + name.size()) {
        throw Failure(error::invalid_params, "\"proto\" should be udp, tcp, icmp or 0 to 255");
    }
    return number;
}

// A host that could be there: the first of the interface's network that is not the router.
net::Ipv4Address host_on(const Control& control, const std::string& interface) {
    const auto* wish = config::find_interface(control.intent.config(), interface);
    if (wish == nullptr || wish->addresses.empty()) {
        throw Failure(
            error::invalid_params,
            fmt::format("{} has no network to take a source from: give \"src\"", interface));
    }
    const net::InterfaceAddress own = wish->addresses.front();
    const net::Ipv4Prefix network = own.network();
    for (uint32_t i = network.length < 31 ? 1 : 0; i < 4; ++i) {
        const net::Ipv4Address candidate{network.address.value + i};
        if (candidate != own.address && network.contains(candidate)) return candidate;
    }
    return {own.address.value + 1};
}

std::vector<uint8_t> frame_of(const Control& control, const Params& params,
                              layout::InterfaceId in) {
    if (const auto hex = params.optional_text("hex")) return bytes_of(*hex);
    explain::Description d;
    d.to = explain::mac_of(control.memory, control.state.get(), in);
    d.destination = params.address("dst");
    d.source =
        params.optional_text("src") ? params.address("src") : host_on(control, params.text("in"));
    d.protocol = protocol_of(params);
    d.source_port = static_cast<uint16_t>(params.number_or("sport", 40000, UINT16_MAX));
    d.destination_port = static_cast<uint16_t>(params.number_or("dport", 53, UINT16_MAX));
    d.ttl = static_cast<uint8_t>(params.number_or("ttl", 64, UINT8_MAX));
    d.tos = static_cast<uint8_t>(params.number_or("tos", 0, UINT8_MAX));
    d.size = static_cast<uint16_t>(params.number_or("size", 64, explain::largest_packet));
    d.dont_fragment = params.flag("df");
    return explain::build(d);
}

json leaving_of(const explain::Rehearsal& rehearsal, const trace::Names& names) {
    json list = json::array();
    for (const explain::Leaving& out : rehearsal.leaving) {
        std::string to;
        if (out.frame.size() >= sizeof(net::EthernetHeader)) {
            to = net::to_string(
                reinterpret_cast<const net::EthernetHeader*>(out.frame.data())->destination);
        }
        const auto length = static_cast<uint32_t>(out.frame.size());
        list.push_back({{"interface", names.interface(out.interface)},
                        {"to_mac", to},
                        {"packet", trace::summary(out.frame, length)},
                        {"length", length},
                        {"hex", trace::hex(out.frame)}});
    }
    return list;
}

json run(Control& control, const Params& params) {
    control.state.refresh();
    const layout::InterfaceId in = interface_of(control, params.text("in"));
    const std::vector<uint8_t> frame = frame_of(control, params, in);
    control.sessions.refresh();
    const auto rehearsal =
        explain::rehearse(control.memory, control.state.get(), in, frame, control::monotonic_ns(),
                          {control.sessions.sessions(), control.sessions.addresses()});
    const trace::Names names = names_of(control);
    json result = trace::describe(rehearsal.record, names);
    result["leaving"] = leaving_of(rehearsal, names);
    if (rehearsal.held && result["verdict"] == "taken") result["verdict"] = "held";
    result["assumed"] = control.state.get() == nullptr;
    return result;
}

}  // namespace

std::span<const Method> explain_methods() {
    static constexpr Method methods[] = {{"explain.run", run}};
    return methods;
}

}  // namespace sluice::api
