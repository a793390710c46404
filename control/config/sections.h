// SPDX-License-Identifier: BSD-3-Clause
// The sections of the configuration, one for each key at its top. To add one: its structs in
// model.h, its keys in the schema, its reader in a pair of files here, its line in sections.cpp.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/config/directory.h"
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

struct Connection {
    const Interface* interface;
    net::InterfaceAddress address;
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
    Directory directory = {};

    // As the directory says. Null where there is none.
    const Interface* find_interface(std::string_view name) const;
    const Interface* bridged_with(const Interface& interface) const;
    // The interface whose own address this is.
    const Interface* owner_of(net::Ipv4Address address) const;
    const Interface* owner_of(net::Ipv6Address address) const;
    // The interface that has the address in one of its networks (the longest), and which.
    std::optional<Connection> connection_to(net::Ipv4Address address) const;
    const Interface* connection_to(net::Ipv6Address address) const;
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
