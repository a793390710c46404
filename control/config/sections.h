// SPDX-License-Identifier: BSD-3-Clause
// The sections of the configuration, one for each key at its top. To add one: its structs in
// model.h, its keys in the schema, its reader in a pair of files here, its line in sections.cpp.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "control/config/json.h"
#include "control/config/mistakes.h"
#include "control/config/model.h"

namespace sluice::config {

// An address of an interface, and where the file says so.
template <typename Own>
struct Placed {
    Own own;
    std::string interface;
    const nlohmann::json* value;
};

// What the readers share while one document is read.
struct Reading {
    Config& config;
    Mistakes& mistakes;
    // False once an address of an interface was wrong: what depends on the interfaces' networks
    // can then not be judged, and would be told as mistakes that are none.
    bool networks_known = true;
    // Of the interfaces read so far.
    std::vector<Placed<net::InterfaceAddress>> addresses = {};
    std::vector<Placed<net::Ipv6InterfaceAddress>> addresses6 = {};
};

// Reads one section into its part of the config, and tells the mistakes that only its meaning
// shows. The schema has been checked: what it complained of is passed over (see Fields).
struct Section {
    const char* name;
    void (*read)(const nlohmann::json& section, Reading& reading);
};

// In the order of reading: a section may refer to those before it.
std::span<const Section> sections();

}  // namespace sluice::config
