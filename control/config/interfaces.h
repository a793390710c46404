// SPDX-License-Identifier: BSD-3-Clause
// "interfaces": devices, the addresses on them, and what each lets through.
#pragma once
#include "control/config/sections.h"

namespace sluice::config {

void read_interfaces(const nlohmann::json& section, Reading& reading);

// What the interfaces of all kinds share: the name, and the addresses, of which no two may be
// equal and no two interfaces' overlap. Adds the interface to the configuration.
void add_interface(const nlohmann::json& object, Interface interface, Reading& reading);

// For the sections that name an interface: null, and a mistake told, where there is none of
// that name.
const Interface* read_interface_name(const nlohmann::json& value, Reading& reading);
// The same for those that want it to carry IP, which a bridged one does not.
const Interface* read_routed_interface(const nlohmann::json& value, Reading& reading);

// a.b.c.d/n of every interface, for messages: lan 10.0.0.1/24, wan 203.0.113.2/24
std::string networks_of(const Config& config);

}  // namespace sluice::config
