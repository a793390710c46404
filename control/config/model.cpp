// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/model.h"

#include <algorithm>

#include "control/config/names.h"

namespace sluice::config {
namespace {

template <typename Choice, size_t n>
std::string_view name_of(Choice choice, const Names<Choice, n>& names) {
    for (const auto& [name, named] : names) {
        if (named == choice) return name;
    }
    return "?";
}

}  // namespace

const Interface* find_interface(const Config& config, std::string_view name) {
    for (const Interface& interface : config.interfaces) {
        if (interface.name == name) return &interface;
    }
    return nullptr;
}

std::string_view to_string(Polling polling) { return name_of(polling, polling_names); }
std::string_view to_string(ReversePath check) { return name_of(check, reverse_path_names); }
std::string_view to_string(RouteType type) { return name_of(type, route_type_names); }
std::string_view to_string(TunnelType type) { return name_of(type, tunnel_type_names); }
std::string_view to_string(NatType type) { return name_of(type, nat_type_names); }

std::string to_string(const AddressRange& range) {
    for (unsigned length = 0; length <= 32; ++length) {
        const auto prefix = net::Ipv4Prefix::of(range.first, length);
        if (prefix.address != range.first || prefix.last() != range.last) continue;
        return length == 32 ? net::to_string(range.first) : net::to_string(prefix);
    }
    return net::to_string(range.first) + "-" + net::to_string(range.last);
}

}  // namespace sluice::config
