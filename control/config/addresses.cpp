// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/addresses.h"

#include <fmt/format.h>

#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

// Reads a string with one of net's parsers.
template <typename Value>
std::optional<Value> read_with(std::optional<Value> (*parse)(std::string_view) noexcept,
                               std::string_view what, const json& value, Mistakes& mistakes) {
    if (mistakes.any_about(value) || !value.is_string()) return std::nullopt;
    const auto parsed = parse(value.get_ref<const std::string&>());
    if (!parsed) mistakes.add(value, fmt::format("{} should be {}", brief(value), what));
    return parsed;
}

}  // namespace

std::optional<net::Ipv4Address> read_address(const json& value, Mistakes& mistakes) {
    return read_with(net::parse_address, "an IPv4 address such as 192.0.2.1", value, mistakes);
}

std::optional<net::InterfaceAddress> read_interface_address(const json& value, Mistakes& mistakes) {
    return read_with(net::parse_interface_address,
                     "an IPv4 address with the length of its network, such as 192.0.2.1/24", value,
                     mistakes);
}

std::optional<net::Ipv4Prefix> read_prefix(const json& value, Mistakes& mistakes) {
    const auto read = read_with(net::parse_interface_address, "an IPv4 prefix such as 192.0.2.0/24",
                                value, mistakes);
    if (!read) return std::nullopt;
    const net::Ipv4Prefix prefix = read->network();
    if (prefix.address == read->address) return prefix;
    mistakes.add(value, fmt::format("{} has host bits set; did you mean {}?", brief(value),
                                    in_quotes(net::to_string(prefix))));
    return std::nullopt;
}

std::optional<net::Ipv6Address> read_address6(const json& value, Mistakes& mistakes) {
    return read_with(net::parse_address6, "an IPv6 address such as 2001:db8::1", value, mistakes);
}

std::optional<net::Ipv6InterfaceAddress> read_interface_address6(const json& value,
                                                                 Mistakes& mistakes) {
    return read_with(net::parse_interface_address6,
                     "an IPv6 address with the length of its network, such as 2001:db8::1/64",
                     value, mistakes);
}

std::optional<net::Ipv6Prefix> read_prefix6(const json& value, Mistakes& mistakes) {
    const auto read = read_with(net::parse_interface_address6,
                                "an IPv6 prefix such as 2001:db8::/32", value, mistakes);
    if (!read) return std::nullopt;
    const net::Ipv6Prefix prefix = read->network();
    if (prefix.address == read->address) return prefix;
    mistakes.add(value, fmt::format("{} has host bits set; did you mean {}?", brief(value),
                                    in_quotes(net::to_string(prefix))));
    return std::nullopt;
}

std::optional<net::MacAddress> read_mac(const json& value, Mistakes& mistakes) {
    const auto mac =
        read_with(net::parse_mac, "a MAC address such as 02:00:00:00:00:01", value, mistakes);
    if (!mac || !(mac->is_multicast() || mac->is_zero())) return mac;
    mistakes.add(value, fmt::format("{} {}; one station's address has an even first byte, such "
                                    "as 02:00:00:00:00:01",
                                    brief(value),
                                    mac->is_zero()               ? "is no address"
                                    : *mac == net::broadcast_mac ? "is the broadcast address"
                                                                 : "is a multicast address"));
    return std::nullopt;
}

std::string why_no_host(net::Ipv4Address address) {
    if (address.is_this_network()) return "is of 0.0.0.0/8, which is no host's";
    if (address.is_loopback()) return "is a loopback address";
    if (address.is_multicast()) return "is a multicast address";
    if (address.is_limited_broadcast()) return "is the limited broadcast address";
    if (address.is_reserved()) return "is of 240.0.0.0/4, which is reserved";
    return {};
}

std::string why_no_host(net::Ipv4Address address, net::Ipv4Prefix network) {
    if (network.length >= 31) return {};  // RFC 3021
    if (address == network.address) {
        return fmt::format("is the network's own address, of {}", net::to_string(network));
    }
    if (address == network.last()) {
        return fmt::format("is the broadcast address of {}", net::to_string(network));
    }
    return {};
}

std::string why_no_host(net::Ipv6Address address) {
    if (address.is_multicast()) return "is a multicast address";
    if (address.is_link_local()) return "is link-local: each port makes its own of its MAC address";
    if (address.is_unspecified()) return "is no host's";
    if (address.is_loopback()) return "is the loopback address";
    if (address.is_ipv4_mapped() || address.is_ipv4_compatible()) {
        return "is an IPv4 address in the form of IPv6, which is no host's";
    }
    return {};
}

}  // namespace sluice::config
