// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/methods.h"

#include <array>

namespace sluice::api {

const Method* find_method(std::string_view name) {
    static const std::array groups{
        config_methods(),  route_methods(),     neighbour_methods(), interface_methods(),
        tunnel_methods(),  counter_methods(),   status_methods(),    explain_methods(),
        trace_methods(),   multicast_methods(), nat_methods(),       session_methods(),
        nat_log_methods(),
    };
    for (const std::span<const Method> group : groups) {
        for (const Method& method : group) {
            if (name == method.name) return &method;
        }
    }
    return nullptr;
}

}  // namespace sluice::api
