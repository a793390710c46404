// SPDX-License-Identifier: BSD-3-Clause
// Addresses in the file: from text to value, and whether they can be what they are meant to be.
#pragma once
#include <optional>
#include <string>

#include "control/config/json.h"
#include "control/config/mistakes.h"
#include "lib/net/address.h"
#include "lib/net/address6.h"

namespace sluice::config {

// The value; nothing, and a mistake told, where the text is none. Quiet where the schema has
// already found fault with the value.
std::optional<net::Ipv4Address> read_address(const nlohmann::json& value, Mistakes& mistakes);
std::optional<net::Ipv4Prefix> read_prefix(const nlohmann::json& value, Mistakes& mistakes);
std::optional<net::InterfaceAddress> read_interface_address(const nlohmann::json& value,
                                                            Mistakes& mistakes);
std::optional<net::Ipv6Address> read_address6(const nlohmann::json& value, Mistakes& mistakes);
std::optional<net::Ipv6Prefix> read_prefix6(const nlohmann::json& value, Mistakes& mistakes);
std::optional<net::Ipv6InterfaceAddress> read_interface_address6(const nlohmann::json& value,
                                                                 Mistakes& mistakes);
// A MAC address that one station can have; a mistake where it is a group's or zero.
std::optional<net::MacAddress> read_mac(const nlohmann::json& value, Mistakes& mistakes);

// Why no host can have this address ("is a multicast address"); empty where one can.
std::string why_no_host(net::Ipv4Address address);
// The same for an address within this network ("is the broadcast address of 10.0.0.0/24").
std::string why_no_host(net::Ipv4Address address, net::Ipv4Prefix network);
// The same of IPv6.
std::string why_no_host(net::Ipv6Address address);

}  // namespace sluice::config
