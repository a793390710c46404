// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/multicast.h"

#include <fmt/format.h>

#include "control/config/fields.h"
#include "control/config/interfaces.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

// The interface that a key names; null, and a mistake told of the key, where there is none.
const Interface* find_named(const std::string& name, const json& value, Reading& reading) {
    const Interface* interface = reading.find_interface(name);
    const auto refuse = [&](const std::string& why) {
        reading.mistakes.add_key(value, fmt::format("{} {}", in_quotes(name), why));
        return nullptr;
    };
    if (interface == nullptr) return refuse("is no interface or tunnel of this router");
    if (const Interface* other = reading.bridged_with(*interface)) {
        return refuse(fmt::format("is bridged with {}, so nothing is routed by it", other->name));
    }
    return interface;
}

// A port's hosts have joined or have not; what is behind a tunnel is for the other end to know.
bool copies_all(MulticastCopies asked, const Interface& interface) {
    if (asked == MulticastCopies::automatic) return interface.tunnel.has_value();
    return asked == MulticastCopies::all;
}

void read_multicast_interface(const std::string& name, const json& value, Reading& reading) {
    const Interface* interface = find_named(name, value, reading);
    if (interface == nullptr) return;
    const Fields fields(value, reading.mistakes);
    MulticastInterface wish;
    MulticastCopies copies = MulticastCopies::automatic;
    wish.name = name;
    fields.read("querier", wish.querier);
    fields.read("max_groups", wish.max_groups);
    fields.read("copies", copies, multicast_copies_names);
    wish.all = copies_all(copies, *interface);
    const bool asks = wish.querier && !wish.all && !interface->tunnel;
    if (asks && interface->addresses.empty() && reading.networks_known) {
        reading.mistakes.add_key(
            value, fmt::format("{} has no address to ask its hosts from: give it one, or set "
                               "\"querier\" to false if another router there asks",
                               in_quotes(name)));
    }
    reading.config.multicast.interfaces.push_back(std::move(wish));
}

}  // namespace

void read_multicast(const json& section, Reading& reading) {
    const Fields fields(section, reading.mistakes);
    Multicast& wish = reading.config.multicast;
    fields.read("query_interval_s", wish.query_interval_s);
    fields.read("response_s", wish.response_s);
    fields.read("robustness", wish.robustness);
    fields.read("max_groups", wish.max_groups);
    const json* response = fields.find("response_s");
    if (response != nullptr && wish.response_s >= wish.query_interval_s) {
        reading.mistakes.add(*response,
                             fmt::format("{} should be less than \"query_interval_s\", which is {} "
                                         "(RFC 3376 8.3)",
                                         brief(*response), wish.query_interval_s));
    }
    const json* interfaces = fields.find("interfaces");
    if (interfaces == nullptr) return;
    for (const auto& [name, value] : interfaces->items()) {
        if (value.is_object()) read_multicast_interface(name, value, reading);
    }
}

}  // namespace sluice::config
