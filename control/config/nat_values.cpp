// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/nat_values.h"

#include <charconv>

#include <fmt/format.h>

#include "control/config/addresses.h"
#include "control/config/fields.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

std::optional<AddressRange> read_two_ends(const json& value, const std::string& text, size_t dash,
                                          Mistakes& mistakes) {
    const auto first = net::parse_address(text.substr(0, dash));
    const auto last = net::parse_address(text.substr(dash + 1));
    if (!first || !last) {
        mistakes.add(value,
                     fmt::format("{} should be a range such as 192.0.2.5-192.0.2.9", brief(value)));
        return std::nullopt;
    }
    if (*first <= *last) return AddressRange{*first, *last};
    mistakes.add(value, fmt::format("{} is reversed; did you mean \"{}-{}\"?", brief(value),
                                    net::to_string(*last), net::to_string(*first)));
    return std::nullopt;
}

std::optional<uint16_t> parse_port(std::string_view text) {
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

std::optional<PortRange> parse_ports(const std::string& text) {
    const size_t dash = text.find('-');
    const auto first = parse_port(text.substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_port(text.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    return PortRange{*first, *last};
}

std::optional<NatTarget> read_endpoint(const json& value, Mistakes& mistakes) {
    if (mistakes.any_about(value) || !value.is_string()) return std::nullopt;
    const auto& text = value.get_ref<const std::string&>();
    const size_t colon = text.find(':');
    const auto address = net::parse_address(text.substr(0, colon));
    const auto port = colon == std::string::npos ? uint16_t{0} : parse_port(text.substr(colon + 1));
    if (!address || !port) {
        mistakes.add(value,
                     fmt::format("{} should be a target such as 10.0.0.10:8080", brief(value)));
        return std::nullopt;
    }
    return NatTarget{*address, *port};
}

}  // namespace

std::optional<AddressRange> read_range(const json& value, Mistakes& mistakes) {
    if (mistakes.any_about(value) || !value.is_string()) return std::nullopt;
    const auto& text = value.get_ref<const std::string&>();
    if (const size_t dash = text.find('-'); dash != std::string::npos) {
        return read_two_ends(value, text, dash, mistakes);
    }
    if (text.find('/') != std::string::npos) {
        const auto prefix = read_prefix(value, mistakes);
        if (!prefix) return std::nullopt;
        return AddressRange{prefix->address, prefix->last()};
    }
    const auto address = read_address(value, mistakes);
    if (!address) return std::nullopt;
    return AddressRange{*address, *address};
}

std::optional<PortRange> read_ports(const json& value, Mistakes& mistakes) {
    if (mistakes.any_about(value)) return std::nullopt;
    if (value.is_number()) return PortRange{value.get<uint16_t>(), value.get<uint16_t>()};
    const auto ports = parse_ports(value.get_ref<const std::string&>());
    if (!ports) {
        mistakes.add(value, fmt::format("{} should be a port from 1 to 65535, or a range of them "
                                        "such as \"8000-8010\"",
                                        brief(value)));
    } else if (ports->first > ports->last) {
        mistakes.add(value, fmt::format("{} is reversed; did you mean \"{}-{}\"?", brief(value),
                                        ports->last, ports->first));
        return std::nullopt;
    }
    return ports;
}

std::optional<NatTarget> read_target(const json& value, Mistakes& mistakes) {
    if (!value.is_object()) return read_endpoint(value, mistakes);
    const Fields fields(value, mistakes);
    const json* address = fields.find("address");
    if (address == nullptr) return std::nullopt;
    auto target = read_endpoint(*address, mistakes);
    if (target) fields.read("weight", target->weight);
    return target;
}

std::string why_no_hosts(const AddressRange& range) {
    for (const net::Ipv4Address end : {range.first, range.last}) {
        if (const std::string reason = why_no_host(end); !reason.empty()) return reason;
    }
    return range.contains(net::addr(127, 0, 0, 1)) ? "has loopback addresses in it" : "";
}

}  // namespace sluice::config
