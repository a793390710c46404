// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/broadcast_relay.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/config/fields.h"
#include "control/config/interfaces.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

// Adds an item of a list, unless it is there already.
template <typename T>
void add_once(std::vector<T>& list, T item, const json& value, Mistakes& mistakes) {
    if (std::find(list.begin(), list.end(), item) == list.end()) {
        list.push_back(std::move(item));
    } else {
        mistakes.add(value, fmt::format("{} is named twice", brief(value)));
    }
}

// A port's broadcasts are relayed from the hosts of its networks, so it must have one.
void read_relay_interface(const json& value, Reading& reading) {
    const Interface* interface = read_routed_interface(value, reading);
    if (interface == nullptr) return;
    if (!interface->tunnel && interface->addresses.empty() && reading.networks_known) {
        reading.mistakes.add(
            value,
            fmt::format("{} has no IPv4 address, so no host is of its network", brief(value)));
    }
    add_once(reading.config.broadcast_relay.interfaces, interface->name, value, reading.mistakes);
}

// Each list is of no use without the other.
void check_whole(const Fields& fields, Mistakes& mistakes) {
    const json* interfaces = fields.find("interfaces");
    const json* ports = fields.find("udp_ports");
    const bool some_interfaces = interfaces != nullptr && !interfaces->empty();
    const bool some_ports = ports != nullptr && !ports->empty();
    if (some_interfaces && interfaces->size() < 2) {
        mistakes.add(*interfaces, "should be two interfaces or more: from one to the others");
    }
    if (some_interfaces && !some_ports && !fields.is_wrong("udp_ports")) {
        mistakes.add(*interfaces, "is of no use without \"udp_ports\", which say what is relayed");
    }
    if (some_ports && !some_interfaces && !fields.is_wrong("interfaces")) {
        mistakes.add(*ports, "is of no use without \"interfaces\", between which it is relayed");
    }
}

}  // namespace

void read_broadcast_relay(const json& section, Reading& reading) {
    const Fields fields(section, reading.mistakes);
    for (const json* value : items_of(fields.find("interfaces"))) {
        if (!reading.mistakes.any_about(*value)) read_relay_interface(*value, reading);
    }
    for (const json* value : items_of(fields.find("udp_ports"))) {
        if (reading.mistakes.any_about(*value)) continue;
        add_once(reading.config.broadcast_relay.udp_ports, value->get<uint16_t>(), *value,
                 reading.mistakes);
    }
    check_whole(fields, reading.mistakes);
}

}  // namespace sluice::config
