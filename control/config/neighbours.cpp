// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/neighbours.h"

#include <map>

#include <fmt/format.h>

#include "control/config/addresses.h"
#include "control/config/fields.h"
#include "control/config/interfaces.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

// Empty where this interface can have a neighbour of that address.
std::string why_no_neighbour(net::Ipv4Address address, const Interface& interface,
                             const Reading& reading) {
    if (std::string reason = why_no_host(address); !reason.empty()) return reason;
    if (reading.owner_of(address) != nullptr) return "is the router's own address";
    if (!reading.networks_known) return {};

    if (interface.tunnel)
        return fmt::format("needs no MAC address: {} is a tunnel", interface.name);
    std::vector<std::string> networks;
    for (const net::InterfaceAddress& own : interface.addresses) {
        if (own.network().contains(address)) return why_no_host(address, own.network());
        networks.push_back(net::to_string(own.network()));
    }
    if (networks.empty())
        return fmt::format("is no neighbour of {}, which has no address", interface.name);
    return fmt::format("is not in {}'s network {}", interface.name, listed(networks, "or"));
}

}  // namespace

void read_neighbours(const json& section, Reading& reading) {
    std::map<std::pair<std::string, net::Ipv4Address>, const json*> seen;
    for (const json* object : items_of(&section)) {
        const Fields fields(*object, reading.mistakes);
        const json* name = fields.find("interface");
        const json* address_text = fields.find("address");
        const json* mac_text = fields.find("mac");
        const Interface* interface = name ? read_routed_interface(*name, reading) : nullptr;
        const auto address =
            address_text ? read_address(*address_text, reading.mistakes) : std::nullopt;
        const auto mac = mac_text ? read_mac(*mac_text, reading.mistakes) : std::nullopt;
        if (interface == nullptr || !address) continue;

        const std::string reason = why_no_neighbour(*address, *interface, reading);
        if (!reason.empty()) {
            reading.mistakes.add(*address_text, fmt::format("{} {}", brief(*address_text), reason));
            continue;
        }
        const auto [other, is_new] = seen.try_emplace({interface->name, *address}, address_text);
        if (!is_new) {
            reading.mistakes.add(
                *address_text, fmt::format("{} already has its MAC address", brief(*address_text)),
                other->second);
        }
        if (mac) reading.config.neighbours.push_back({interface->name, *address, *mac});
    }
}

}  // namespace sluice::config
