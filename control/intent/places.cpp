// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/places.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

namespace sluice::intent {

Places::Places(const layout::Snapshot& last) {
    for (unsigned id = 0; id < layout::max_interfaces; ++id) {
        const char* name = last.interfaces[id].name;
        names_[id].assign(name, strnlen(name, sizeof last.interfaces[id].name));
    }
}

std::string Places::name(layout::InterfaceId id) const {
    return id < names_.size() ? names_[id] : std::string{};
}

layout::InterfaceId Places::find(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (name.empty() || found == names_.end()) return layout::no_interface;
    return static_cast<layout::InterfaceId>(found - names_.begin());
}

void Places::assign(const config::Config& wanted, const config::Config& present,
                    const routes::NextHops& next_hops) {
    const auto is_free = [&](const std::string& name) {
        const auto id = static_cast<layout::InterfaceId>(&name - names_.data());
        return name.empty() ||
               (config::find_interface(wanted, name) == nullptr &&
                config::find_interface(present, name) == nullptr && !next_hops.refers_to(id));
    };
    for (const config::Interface& i : wanted.interfaces) {
        if (find(i.name) != layout::no_interface) continue;
        const auto free = std::find_if(names_.begin(), names_.end(), is_free);
        if (free == names_.end()) {
            throw std::runtime_error(fmt::format(
                "no place is free for interface \"{}\": interfaces that were removed still have "
                "run-time routes; withdraw those first",
                i.name));
        }
        *free = i.name;
    }
}

}  // namespace sluice::intent
