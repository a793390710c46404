// SPDX-License-Identifier: BSD-3-Clause
// The configuration as the rest of control knows it: plain values, already found to be sound.
//
// The defaults stand here, and in the schema for people to see; a test holds them equal.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/nat_model.h"
#include "lib/net/address.h"
#include "lib/net/address6.h"

namespace sluice::config {

inline constexpr size_t max_ports = 64;
inline constexpr size_t max_tunnels = 4096;
inline constexpr size_t max_addresses = 8192;  // of all interfaces together
inline constexpr size_t max_next_hops = 64;    // of one route
inline constexpr size_t max_routes = 100'000;
inline constexpr size_t max_addresses6 = 1024;  // of all interfaces together
inline constexpr size_t max_routes6 = 16'384;

enum class Polling : uint8_t { adaptive, busy };

struct Dataplane {
    std::optional<uint16_t> workers;  // none: as many as there are cores to run on, less one
    std::vector<uint16_t> cores;      // of the workers in turn; empty: chosen by the dataplane
    Polling polling = Polling::adaptive;
    uint32_t buffers = 16384;  // packets
    bool operator==(const Dataplane&) const = default;
};

enum class ReversePath : uint8_t { off, strict, loose };

enum class TunnelType : uint8_t { gre, ipip };
enum class TunnelDontFragment : uint8_t { copy, set, clear };
enum class TunnelSpread : uint8_t { automatic, on, off };

// What an interface has instead of a device: a way to `remote` through another network.
struct Tunnel {
    TunnelType type = TunnelType::gre;
    net::Ipv4Address local;
    net::Ipv4Address remote;
    bool any_remote = false;           // takes in packets that come from elsewhere too
    std::optional<uint16_t> udp_port;  // GRE in UDP (RFC 8086), to this port; none: not in UDP
    std::optional<uint32_t> key;
    bool checksum = false;
    bool sequence = false;
    std::optional<uint16_t> mtu;       // none: what the way to the remote leaves
    std::optional<uint16_t> ttl = 64;  // none: the inner packet's
    std::optional<uint16_t> dscp;      // none: the inner packet's
    TunnelDontFragment dont_fragment = TunnelDontFragment::copy;
    bool clamp_mss = true;
    TunnelSpread spread = TunnelSpread::automatic;  // its flows, over the workers
    std::string bridge;        // the port whose frames it carries; empty: it carries packets
    uint32_t keepalive_s = 0;  // 0: none are sent
    uint32_t keepalive_attempts = 3;
    bool operator==(const Tunnel&) const = default;
};

struct Interface {
    std::string name;
    std::optional<Tunnel> tunnel;  // then nothing below that is a device's means anything
    std::string device;            // PCI address or DPDK device argument, as written
    std::string description;
    bool enabled = true;
    std::vector<net::InterfaceAddress> addresses;       // in the order of the file
    std::vector<net::Ipv6InterfaceAddress> addresses6;  // which stand among them
    uint16_t mtu = 1500;                                // bytes of IP packet
    std::optional<net::MacAddress> mac;                 // none: the device's own
    std::optional<uint16_t> rx_queues;                  // none: one per worker
    uint16_t rx_descriptors = 1024;                     // of each queue
    uint16_t tx_descriptors = 1024;
    bool promiscuous = false;
    bool proxy_arp = false;
    bool redirects = true;
    ReversePath reverse_path = ReversePath::off;
    bool directed_broadcast = false;
    bool source_routing = false;
    bool router_advertisements = false;
    bool operator==(const Interface&) const = default;
};

struct Neighbour {
    std::string interface;
    net::Ipv4Address address;
    net::MacAddress mac;
    bool operator==(const Neighbour&) const = default;
};

enum class RouteType : uint8_t { unicast, blackhole, unreachable, prohibit };

// A unicast route has next hops, or an interface that its destinations are neighbours on, or
// both: then every next hop is reached through that interface. The other types have neither.
struct Route {
    net::Ipv4Prefix prefix;
    RouteType type = RouteType::unicast;
    std::vector<net::Ipv4Address> via;
    std::string interface;  // empty: of each next hop, the one that connection_to() tells
    std::string description;
    bool operator==(const Route&) const = default;
};

// A unicast route has an interface, and a next hop unless its destinations are neighbours on it.
struct Route6 {
    net::Ipv6Prefix prefix;
    RouteType type = RouteType::unicast;
    std::optional<net::Ipv6Address> via;
    std::string interface;
    std::string description;
    bool operator==(const Route6&) const = default;
};

enum class MulticastCopies : uint8_t { automatic, members, all };

// An interface that packets to groups are forwarded by.
struct MulticastInterface {
    std::string name;
    bool all = false;  // it gets all of them, and not only what somebody there has joined
    bool querier = true;
    uint16_t max_groups = 64;
    bool operator==(const MulticastInterface&) const = default;
};

struct Multicast {
    std::vector<MulticastInterface> interfaces;  // by name; none: no multicast is forwarded
    uint16_t query_interval_s = 125;
    uint16_t response_s = 10;
    uint8_t robustness = 2;
    uint16_t max_groups = 256;  // of all interfaces together
    bool operator==(const Multicast&) const = default;
};

// Where UDP broadcasts to these ports are carried between these interfaces.
struct BroadcastRelay {
    std::vector<std::string> interfaces;  // none: no broadcast is relayed
    std::vector<uint16_t> udp_ports;
    bool operator==(const BroadcastRelay&) const = default;
};

struct Arp {
    uint32_t reachable_s = 30;
    uint32_t stale_s = 600;
    uint32_t retry_s = 1;
    uint32_t attempts = 3;
    uint32_t max_entries = 16384;
    bool operator==(const Arp&) const = default;
};

struct Icmp {
    uint32_t errors_per_second = 1000;
    uint32_t errors_per_source_per_second = 10;
    bool operator==(const Icmp&) const = default;
};

struct Config {
    Dataplane dataplane;
    std::vector<Interface> interfaces;  // by name
    std::vector<Neighbour> neighbours;
    std::vector<Route> routes;
    std::vector<Route6> routes6;
    std::vector<NatRule> nat;
    Sessions sessions;
    NatLog nat_log;
    Multicast multicast;
    BroadcastRelay broadcast_relay;
    Arp arp;
    Icmp icmp;
    bool operator==(const Config&) const = default;
};

// Null where there is none.
const Interface* find_interface(const Config& config, std::string_view name);

std::string_view to_string(Polling polling);
std::string_view to_string(ReversePath check);
std::string_view to_string(RouteType type);
std::string_view to_string(NatType type);
std::string_view to_string(TunnelType type);
// 10.0.0.0/8 where the range is a prefix, 10.0.0.9, else 10.0.0.5-10.0.0.9
std::string to_string(const AddressRange& range);

}  // namespace sluice::config
