// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/places.h"

#include <cstring>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

namespace sluice::intent {
namespace {

struct Range {
    unsigned first;
    unsigned end;
};

Range range_of(const config::Interface& interface) {
    if (interface.tunnel) return {layout::max_ports, layout::max_interfaces};
    return {0, layout::max_ports};
}

std::set<std::string_view> names_in(const config::Config& a, const config::Config& b) {
    std::set<std::string_view> names;
    for (const config::Config* config : {&a, &b}) {
        for (const config::Interface& i : config->interfaces) names.insert(i.name);
    }
    return names;
}

template <typename Wish>
std::string name_of(const Wish& wish) {
    return std::string(wish.name, strnlen(wish.name, sizeof wish.name));
}

}  // namespace

Places::Places(const layout::Snapshot& last) {
    for (unsigned id = 0; id < layout::max_ports; ++id) {
        take(static_cast<layout::InterfaceId>(id), name_of(last.interfaces[id]));
    }
    for (unsigned n = 0; n < layout::max_tunnels; ++n) {
        take(static_cast<layout::InterfaceId>(layout::max_ports + n), name_of(last.tunnels[n]));
    }
}

void Places::take(layout::InterfaceId id, std::string name) {
    if (const auto before = ids_.find(names_[id]); before != ids_.end() && before->second == id) {
        ids_.erase(before);
    }
    names_[id] = std::move(name);
    if (!names_[id].empty()) ids_[names_[id]] = id;
}

const std::string& Places::name(layout::InterfaceId id) const {
    static const std::string none;
    return id < names_.size() ? names_[id] : none;
}

layout::InterfaceId Places::find(std::string_view name) const {
    const auto found = ids_.find(name);
    return found == ids_.end() ? layout::no_interface : found->second;
}

void Places::assign(const config::Config& wanted, const config::Config& present,
                    const routes::NextHops& next_hops) {
    const std::set<std::string_view> in_use = names_in(wanted, present);
    const auto is_free = [&](unsigned id) {
        return names_[id].empty() || (!in_use.contains(names_[id]) &&
                                      !next_hops.refers_to(static_cast<layout::InterfaceId>(id)));
    };
    unsigned next[] = {0, layout::max_ports};  // nothing before these is free
    for (const config::Interface& i : wanted.interfaces) {
        const Range range = range_of(i);
        if (const layout::InterfaceId id = find(i.name); id != layout::no_interface) {
            if (id >= range.first && id < range.end) continue;
            throw std::runtime_error(fmt::format(
                "\"{}\" can not turn from a {} into a {} at once: give it another name, or remove "
                "it first",
                i.name, i.tunnel ? "port" : "tunnel", i.tunnel ? "tunnel" : "port"));
        }
        unsigned& id = next[i.tunnel.has_value()];
        while (id < range.end && !is_free(id)) ++id;
        if (id == range.end) {
            throw std::runtime_error(fmt::format(
                "no place is free for interface \"{}\": interfaces that were removed still have "
                "run-time routes; withdraw those first",
                i.name));
        }
        take(static_cast<layout::InterfaceId>(id), i.name);
    }
}

}  // namespace sluice::intent
