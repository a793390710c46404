// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/tunnels.h"

#include <map>
#include <tuple>

#include <fmt/format.h>

#include "control/config/addresses.h"
#include "control/config/fields.h"
#include "control/config/interfaces.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

// What tells tunnels apart when a packet comes in.
using Identity = std::tuple<TunnelType, net::Ipv4Address, net::Ipv4Address, std::optional<uint16_t>,
                            std::optional<uint32_t>>;
using Identities = std::map<Identity, std::pair<std::string, const json*>>;

Tunnel read_tunnel(const Fields& fields) {
    Tunnel tunnel;
    fields.read("type", tunnel.type, tunnel_type_names);
    fields.read("any_remote", tunnel.any_remote);
    fields.read("udp_port", tunnel.udp_port);
    fields.read("key", tunnel.key);
    fields.read("checksum", tunnel.checksum);
    fields.read("sequence", tunnel.sequence);
    fields.read("mtu", tunnel.mtu);
    fields.read("ttl", tunnel.ttl);
    fields.read("dscp", tunnel.dscp);
    fields.read("dont_fragment", tunnel.dont_fragment, tunnel_dont_fragment_names);
    fields.read("clamp_mss", tunnel.clamp_mss);
    fields.read("bridge", tunnel.bridge);
    fields.read("spread", tunnel.spread, tunnel_spread_names);
    fields.read("keepalive_s", tunnel.keepalive_s);
    fields.read("keepalive_attempts", tunnel.keepalive_attempts);
    return tunnel;
}

// Keys that only GRE has a field for.
void check_what_ipip_has_not(const Fields& fields, const Tunnel& tunnel, Mistakes& mistakes) {
    if (tunnel.type != TunnelType::ipip) return;
    const auto refuse = [&](const char* key, bool is_set) {
        const json* value = fields.find(key);
        if (value != nullptr && is_set) {
            mistakes.add(*value, fmt::format("\"{}\" is GRE's; IP in IP has no field for it", key));
        }
    };
    refuse("udp_port", tunnel.udp_port.has_value());
    refuse("key", tunnel.key.has_value());
    refuse("checksum", tunnel.checksum);
    refuse("sequence", tunnel.sequence);
    refuse("keepalive_s", tunnel.keepalive_s > 0);
    refuse("bridge", !tunnel.bridge.empty());
}

// What a tunnel of frames and its port can not be, since nothing is routed by either.
// Of the tunnel that was read last.
void check_bridge(const Fields& fields, Reading& reading) {
    const Interface& tunnel = reading.config.interfaces.back();
    const json* value = fields.find("bridge");
    if (value == nullptr || tunnel.tunnel->bridge.empty()) return;
    const Interface* port = read_interface_name(*value, reading);
    if (port == nullptr) return;
    const auto add = [&](const std::string& message) { reading.mistakes.add(*value, message); };
    if (port->tunnel)
        return add(fmt::format("{} should be a port, and is a tunnel", brief(*value)));
    if (!port->addresses.empty() || !port->addresses6.empty()) {
        add(fmt::format("{} has addresses, and a port that is bridged can have none",
                        brief(*value)));
    }
    if (const Interface* other = reading.bridged_with(*port); other != &tunnel) {
        add(fmt::format("{} is bridged with {} already: frames would go round", brief(*value),
                        other->name));
    }
    if (!tunnel.addresses.empty() || !tunnel.addresses6.empty()) {
        add(fmt::format("{} has addresses, and a tunnel of frames can have none", tunnel.name));
    }
    if (!tunnel.tunnel->ttl) {
        add("\"ttl\" can not be \"inherit\" here: what hosts send with a time to live of 1, as "
            "IGMP's, would not get across");
    }
}

// RFC 2890: several workers would take in late what came in order.
void check_spread(const Fields& fields, const Tunnel& tunnel, Mistakes& mistakes) {
    if (!tunnel.sequence || tunnel.spread != TunnelSpread::on) return;
    mistakes.add(*fields.find("spread"),
                 "with \"sequence\" one worker opens all of a tunnel's packets, in their order");
}

void read_ends(const Fields& fields, Tunnel& tunnel, Reading& reading) {
    const auto read_end = [&](const char* name, net::Ipv4Address& end) {
        const json* value = fields.find(name);
        if (value == nullptr) return;
        const auto address = read_address(*value, reading.mistakes);
        if (!address) return;
        end = *address;
        if (const std::string reason = why_no_host(end); !reason.empty()) {
            reading.mistakes.add(*value, fmt::format("{} {}", brief(*value), reason));
        }
    };
    read_end("local", tunnel.local);
    read_end("remote", tunnel.remote);
}

// A second tunnel of the same identity would never see a packet.
void check_identity(const json& object, const Interface& interface, Identities& identities,
                    Mistakes& mistakes) {
    const Tunnel& t = *interface.tunnel;
    const auto [other, is_new] = identities.try_emplace(
        {t.type, t.local, t.remote, t.udp_port, t.key}, interface.name, &object);
    if (is_new) return;
    mistakes.add(
        object,
        fmt::format("{} has type, ends, port and key of {}, so nothing tells their packets apart",
                    interface.name, other->second.first),
        other->second.second);
}

// Only when all interfaces are known, since `local` may be an address of any of them.
void check_ends(const json& section, const Reading& reading, Mistakes& mistakes) {
    for (const Interface& i : reading.config.interfaces) {
        if (!i.tunnel) continue;
        const Fields fields(section[i.name], mistakes);
        const json* local = fields.find("local");
        const json* remote = fields.find("remote");
        if (local != nullptr && reading.owner_of(i.tunnel->local) == nullptr) {
            mistakes.add(*local, fmt::format("{} is no address of this router: {}", brief(*local),
                                             networks_of(reading.config)));
        }
        if (remote != nullptr && reading.owner_of(i.tunnel->remote) != nullptr) {
            mistakes.add(*remote, fmt::format("{} is this router's own address", brief(*remote)));
        }
    }
}

}  // namespace

void read_tunnels(const json& section, Reading& reading) {
    Identities identities;
    for (const auto& [name, object] : section.items()) {
        if (reading.find_interface(name) != nullptr) {
            reading.mistakes.add_key(
                object, fmt::format("{} is already the name of an interface", in_quotes(name)));
            continue;
        }
        const Fields fields(object, reading.mistakes);
        Interface interface;
        interface.name = name;
        interface.redirects = false;  // nobody on the other side is nearer to anywhere
        interface.tunnel = read_tunnel(fields);
        fields.read("description", interface.description);
        fields.read("enabled", interface.enabled);
        fields.read("reverse_path", interface.reverse_path, reverse_path_names);
        check_what_ipip_has_not(fields, *interface.tunnel, reading.mistakes);
        check_spread(fields, *interface.tunnel, reading.mistakes);
        read_ends(fields, *interface.tunnel, reading);
        check_identity(object, interface, identities, reading.mistakes);
        add_interface(object, std::move(interface), reading);
        check_bridge(fields, reading);
    }
    if (reading.networks_known) check_ends(section, reading, reading.mistakes);
}

}  // namespace sluice::config
