// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/interfaces.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "control/config/addresses.h"
#include "control/config/fields.h"
#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

bool is_interface_name(std::string_view name) {
    const auto may_follow = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    };
    return !name.empty() && name.size() <= 15 && name[0] >= 'a' && name[0] <= 'z' &&
           std::all_of(name.begin(), name.end(), may_follow);
}

constexpr std::string_view every_network = "has length 0, which is every network there is";

// Empty where an interface can have this address.
std::string why_no_address(net::InterfaceAddress own) {
    if (own.length == 0) return std::string(every_network);
    std::string reason = why_no_host(own.address);
    return reason.empty() ? why_no_host(own.address, own.network()) : reason;
}

std::string why_no_address(net::Ipv6InterfaceAddress own) {
    if (own.length == 0) return std::string(every_network);
    if (own.has_anycast() && own.address == own.network().address) {
        return fmt::format("is the address of all routers of {} (RFC 4291 2.6.1)",
                           net::to_string(own.network()));
    }
    return why_no_host(own.address);
}

template <typename Prefix>
bool overlap(Prefix a, Prefix b) {
    return a.contains(b.address) || b.contains(a.address);
}

// Two networks of one interface may overlap, as they do for secondary addresses; those of two
// interfaces may not, since a destination is then on both.
template <typename Own>
void check_against_earlier(const Placed<Own>& now, const std::vector<Placed<Own>>& earlier,
                           Mistakes& mistakes) {
    for (const Placed<Own>& before : earlier) {
        if (now.own.address == before.own.address) {
            mistakes.add(
                *now.value,
                fmt::format("{} is already an address of {}", brief(*now.value), before.interface),
                before.value);
            return;
        }
        if (now.interface != before.interface && overlap(now.own.network(), before.own.network())) {
            mistakes.add(*now.value,
                         fmt::format("{} overlaps {} of {}", brief(*now.value),
                                     brief(*before.value), before.interface),
                         before.value);
            return;
        }
    }
}

// Where the addresses of one family go.
template <typename Own>
struct Family {
    size_t most;  // of all interfaces together
    std::vector<Placed<Own>>& placed;
    AddressBook<Own>& book;
    const std::string& interface;
    std::vector<Own>& of_interface;
};

// False where it can not be one of the interface's.
template <typename Own>
bool add_address(const json& value, std::optional<Own> own, const Family<Own>& family,
                 Reading& reading) {
    Mistakes& mistakes = reading.mistakes;
    if (!own) return false;
    if (const std::string reason = why_no_address(*own); !reason.empty()) {
        mistakes.add(value, fmt::format("{} {}", brief(value), reason));
        return false;
    }
    if (family.placed.size() == family.most) {
        mistakes.add(value, fmt::format("one address more than the {} that all interfaces together "
                                        "can have",
                                        family.most));
        return false;
    }
    Placed<Own> now{*own, family.interface, &value};
    if (family.book.overlaps(own->network())) check_against_earlier(now, family.placed, mistakes);
    family.placed.push_back(std::move(now));
    family.book.add(reading.config.interfaces.size(), *own);
    family.of_interface.push_back(*own);
    return true;
}

bool is_of_ipv6(const json& value) {
    return value.is_string() && value.get_ref<const std::string&>().find(':') != std::string::npos;
}

void read_addresses(const json* list, Interface& interface, Reading& reading) {
    Mistakes& mistakes = reading.mistakes;
    const Family<net::InterfaceAddress> ipv4{max_addresses, reading.addresses,
                                             reading.directory.ipv4, interface.name,
                                             interface.addresses};
    const Family<net::Ipv6InterfaceAddress> ipv6{max_addresses6, reading.addresses6,
                                                 reading.directory.ipv6, interface.name,
                                                 interface.addresses6};
    for (const json* value : items_of(list)) {
        const bool added =
            is_of_ipv6(*value)
                ? add_address(*value, read_interface_address6(*value, mistakes), ipv6, reading)
                : add_address(*value, read_interface_address(*value, mistakes), ipv4, reading);
        if (!added) reading.networks_known = false;
    }
}

// RFC 8200 5. A tunnel that is narrower has its outer packets fragmented (RFC 4213 3.2.2).
void check_ipv6(const json& object, const Interface& interface, Mistakes& mistakes) {
    if (interface.tunnel) return;
    const bool has_address = !interface.addresses6.empty();
    if (has_address && interface.mtu < 1280) {
        mistakes.add(object, fmt::format("has an IPv6 address, and an MTU of {}; IPv6 needs 1280",
                                         interface.mtu));
    }
    if (!has_address && interface.router_advertisements) {
        mistakes.add(object["router_advertisements"],
                     "needs an IPv6 address on this interface to tell hosts of");
    }
}

void read_interface(const json& object, Interface& interface, Reading& reading) {
    const Fields fields(object, reading.mistakes);
    fields.read("device", interface.device);
    fields.read("description", interface.description);
    fields.read("enabled", interface.enabled);
    fields.read("mtu", interface.mtu);
    fields.read("rx_queues", interface.rx_queues);
    fields.read("rx_descriptors", interface.rx_descriptors);
    fields.read("tx_descriptors", interface.tx_descriptors);
    fields.read("promiscuous", interface.promiscuous);
    fields.read("proxy_arp", interface.proxy_arp);
    fields.read("redirects", interface.redirects);
    fields.read("reverse_path", interface.reverse_path, reverse_path_names);
    fields.read("directed_broadcast", interface.directed_broadcast);
    fields.read("source_routing", interface.source_routing);
    fields.read("router_advertisements", interface.router_advertisements);
    const json* mac = fields.find("mac");
    if (mac != nullptr && *mac != "auto") interface.mac = read_mac(*mac, reading.mistakes);
}

// What tells devices apart: 0000:00:06.0, 00:06.0 and 0000:00:06.0,arg=1 are one.
std::string device_identity(const std::string& device) {
    std::string name = device.substr(0, device.find(','));
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const bool pci_without_domain = name.size() == 7 && name[2] == ':' && name[5] == '.';
    return pci_without_domain ? "0000:" + name : name;
}

// DPDK's driver would not come back from opening it before somebody connects.
bool waits_for_its_peer(const std::string& device) {
    const auto arguments = device.find(',');
    return device.substr(0, arguments).find("virtio_user") != device.npos &&
           arguments != device.npos && (device + ',').find(",server=1,", arguments) != device.npos;
}

void check_device(const json& value, const Interface& interface,
                  std::map<std::string, std::pair<std::string, const json*>>& devices,
                  Mistakes& mistakes) {
    if (waits_for_its_peer(interface.device)) {
        mistakes.add(value, fmt::format("{} would stop the router until its peer connects; without "
                                        "server=1 the peer is the server, and may come and go",
                                        brief(value)));
    }
    const auto [other, is_new] =
        devices.try_emplace(device_identity(interface.device), interface.name, &value);
    if (is_new) return;
    mistakes.add(value,
                 fmt::format("{} is already the device of {}", brief(value), other->second.first),
                 other->second.second);
}

}  // namespace

void read_interfaces(const json& section, Reading& reading) {
    std::map<std::string, std::pair<std::string, const json*>> devices;
    for (const auto& [name, object] : section.items()) {
        Interface interface;
        interface.name = name;
        read_interface(object, interface, reading);
        const Fields fields(object, reading.mistakes);
        if (const json* device = fields.find("device")) {
            check_device(*device, interface, devices, reading.mistakes);
        }
        add_interface(object, std::move(interface), reading);
    }
}

void add_interface(const json& object, Interface interface, Reading& reading) {
    if (!is_interface_name(interface.name)) {
        reading.mistakes.add_key(
            object, fmt::format("{} should be a name of an interface: a letter a-z, then at "
                                "most 14 of a-z, 0-9, '_', '.' and '-'",
                                in_quotes(interface.name)));
    }
    const Fields fields(object, reading.mistakes);
    if (!object.is_object() || fields.is_wrong("addresses")) reading.networks_known = false;
    read_addresses(fields.find("addresses"), interface, reading);
    check_ipv6(object, interface, reading.mistakes);
    reading.directory.add(reading.config.interfaces.size(), interface);
    reading.config.interfaces.push_back(std::move(interface));
}

const Interface* read_interface_name(const json& value, Reading& reading) {
    const auto& name = value.get_ref<const std::string&>();
    const Interface* interface = reading.find_interface(name);
    if (interface != nullptr) return interface;

    std::vector<std::string> names;
    for (const Interface& known : reading.config.interfaces) names.push_back(known.name);
    std::string help = "; there are none";
    if (const auto meant = nearest(name, names)) {
        help = fmt::format("; did you mean {}?", in_quotes(*meant));
    } else if (!names.empty()) {
        help = fmt::format("; there are {}", listed(names));
    }
    reading.mistakes.add(value, fmt::format("there is no interface {}{}", brief(value), help));
    return nullptr;
}

const Interface* read_routed_interface(const json& value, Reading& reading) {
    const Interface* interface = read_interface_name(value, reading);
    if (interface == nullptr) return nullptr;
    const Interface* other = reading.bridged_with(*interface);
    if (other == nullptr) return interface;
    reading.mistakes.add(value, fmt::format("{} is bridged with {}, so nothing is routed by it",
                                            brief(value), other->name));
    return nullptr;
}

std::string networks_of(const Config& config) {
    std::vector<std::string> networks;
    for (const Interface& interface : config.interfaces) {
        for (const net::InterfaceAddress& own : interface.addresses) {
            networks.push_back(fmt::format("{} {}", interface.name, net::to_string(own)));
        }
    }
    return networks.empty() ? "none has an address" : "there are " + listed(networks);
}

}  // namespace sluice::config
