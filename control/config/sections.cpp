// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/sections.h"

#include "control/config/arp.h"
#include "control/config/broadcast_relay.h"
#include "control/config/dataplane.h"
#include "control/config/icmp.h"
#include "control/config/interfaces.h"
#include "control/config/multicast.h"
#include "control/config/nat.h"
#include "control/config/nat_log.h"
#include "control/config/neighbours.h"
#include "control/config/routes.h"
#include "control/config/sessions.h"
#include "control/config/tunnels.h"

namespace sluice::config {

namespace {

const Interface* interface_at(const Config& config, std::optional<size_t> place) {
    return place ? &config.interfaces[*place] : nullptr;
}

}  // namespace

const Interface* Reading::find_interface(std::string_view name) const {
    return interface_at(config, directory.find(name));
}
const Interface* Reading::bridged_with(const Interface& interface) const {
    return interface_at(config, directory.bridged_with(interface));
}
const Interface* Reading::owner_of(net::Ipv4Address address) const {
    return interface_at(config, directory.ipv4.owner_of(address));
}
const Interface* Reading::owner_of(net::Ipv6Address address) const {
    return interface_at(config, directory.ipv6.owner_of(address));
}
std::optional<Connection> Reading::connection_to(net::Ipv4Address address) const {
    const auto network = directory.ipv4.network_of(address);
    if (!network) return std::nullopt;
    return Connection{&config.interfaces[network->interface], network->own};
}
const Interface* Reading::connection_to(net::Ipv6Address address) const {
    const auto network = directory.ipv6.network_of(address);
    return network ? &config.interfaces[network->interface] : nullptr;
}

std::span<const Section> sections() {
    // clang-format off
    static constexpr Section all[] = {
        {"dataplane", read_dataplane},
        {"interfaces", read_interfaces},
        {"tunnels", read_tunnels},
        {"neighbours", read_neighbours},
        {"routes", read_routes},
        {"multicast", read_multicast},
        {"broadcast_relay", read_broadcast_relay},
        {"nat", read_nat},
        {"sessions", read_sessions},
        {"nat_log", read_nat_log},
        {"arp", read_arp},
        {"icmp", read_icmp},
    };
    // clang-format on
    return all;
}

}  // namespace sluice::config
