// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/trace_names.h"

#include <fmt/format.h>

#include "control/api/route_view.h"
#include "control/config/wording.h"

namespace sluice::api {

trace::Names names_of(const Control& control) {
    return {[&control](layout::InterfaceId id) {
                const std::string name = control.intent.interface_name(id);
                return name.empty() ? fmt::format("interface {}", id) : name;
            },
            [&control](uint16_t next_hop) {
                return next_hop < layout::max_next_hops ? way_text(control, next_hop)
                                                        : std::string("unknown");
            },
            [&control](uint32_t address) {
                const auto route = control.intent.routes().chosen().longest_match({address});
                return route ? net::to_string(route->prefix) : std::string{};
            },
            [&control](uint16_t id) {
                const std::string name = control.intent.nat_rule_name(id);
                return name.empty() ? fmt::format("{}, which is gone", id) : name;
            }};
}

layout::InterfaceId interface_of(const Control& control, const std::string& name) {
    std::vector<std::string> names;
    for (const config::Interface& i : control.intent.config().interfaces) {
        if (i.name == name) return control.intent.interface_id(name);
        names.push_back(i.name);
    }
    throw Failure(error::refused, fmt::format("there is no interface {}; there is {}",
                                              config::in_quotes(name), config::listed(names)));
}

}  // namespace sluice::api
