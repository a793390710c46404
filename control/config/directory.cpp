// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/directory.h"

namespace sluice::config {

Directory::Directory(const Config& config) {
    for (size_t n = 0; n < config.interfaces.size(); ++n) {
        const Interface& interface = config.interfaces[n];
        for (const net::InterfaceAddress& own : interface.addresses) ipv4.add(n, own);
        for (const net::Ipv6InterfaceAddress& own : interface.addresses6) ipv6.add(n, own);
        add(n, interface);
    }
}

void Directory::add(size_t place, const Interface& interface) {
    names_.emplace(interface.name, place);
    if (interface.tunnel && !interface.tunnel->bridge.empty()) {
        tunnels_.emplace(interface.tunnel->bridge, place);
    }
}

std::optional<size_t> Directory::find(std::string_view name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<size_t> Directory::bridged_with(const Interface& interface) const {
    if (interface.tunnel) return find(interface.tunnel->bridge);
    const auto found = tunnels_.find(interface.name);
    return found == tunnels_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace sluice::config
