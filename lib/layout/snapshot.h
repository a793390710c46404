// SPDX-License-Identifier: BSD-3-Clause
// The snapshot: all of what should be, but for the routes. One immutable block, published whole.
//
// Written by sluice-control. The dataplane's main thread copies it, checks every index in it and
// compiles it into a plan of its own (dataplane/plan.h); workers never read it.
// Addresses are in host order, MAC addresses are bits as of MacAddress::as_bits().
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "lib/layout/limits.h"
#include "lib/layout/multicast.h"
#include "lib/layout/nat.h"

namespace sluice::layout {

struct DataplaneSettings {
    uint32_t workers;  // 0: one a core that is left after the main thread's
    uint32_t core_count;
    uint16_t cores[max_workers];  // of the workers, in turn; none given: chosen by NUMA node
    uint8_t busy_polling;         // 0: adaptive
    uint8_t reserved[3];
    uint32_t buffers;
};
static_assert(sizeof(DataplaneSettings) == 80);

struct ArpSettings {
    uint32_t reachable_ms;  // confirmed longer ago: stale
    uint32_t stale_ms;      // unused for so long: forgotten
    uint32_t request_interval_ms;
    uint32_t attempts;
    uint32_t max_entries;
    uint32_t reserved;
};
static_assert(sizeof(ArpSettings) == 24);

struct IcmpSettings {
    uint32_t errors_per_second;
    uint32_t errors_per_source_per_second;
};
static_assert(sizeof(IcmpSettings) == 8);

enum class ReversePath : uint8_t { off, strict, loose };

// What the interface's owner asked for; what the device gave stands in state.
struct Interface {
    char name[16];     // empty: this place is free
    char device[240];  // PCI address or DPDK device arguments
    uint64_t mac;      // 0: the device's own
    uint32_t mtu;
    uint16_t rx_queues;  // 0: as many as there are workers, if the device has them
    uint16_t rx_descriptors;
    uint16_t tx_descriptors;
    uint8_t enabled;
    uint8_t promiscuous;
    uint8_t proxy_arp;
    uint8_t redirects;
    ReversePath reverse_path;
    uint8_t directed_broadcast;
    uint8_t source_routing;
    uint8_t router_advertisements;
    uint8_t reserved[2];
};
static_assert(sizeof(Interface) == 288 && offsetof(Interface, mac) == 256);

enum class TunnelKind : uint8_t { none, gre, ipip };

// RFC 2003 3.1: what the outer header's DF says.
enum class TunnelDontFragment : uint8_t { copy, set, clear };

// Whether the worker that gets a tunnel's packet hands it to the worker of the flow inside.
enum class TunnelSpread : uint8_t { automatic, on, off };

// An interface whose link is a way through another network: each packet goes behind an outer IPv4
// header to `remote`. Its InterfaceId is max_ports and its place here.
struct Tunnel {
    static constexpr uint8_t inner_dscp = 0xff;

    char name[16];  // empty: this place is free
    uint32_t local;
    uint32_t remote;
    uint32_t key;  // GRE (RFC 2890), where has_key
    TunnelKind kind;
    uint8_t enabled;
    uint8_t has_key;
    uint8_t checksum;  // GRE: sent; one that comes is verified anyway
    uint8_t sequence;  // GRE: sent, and what comes late is dropped (RFC 2890)
    uint8_t ttl;       // of the outer header; 0: the inner one's
    uint8_t dscp;      // of the outer header, or inner_dscp (RFC 2983)
    TunnelDontFragment dont_fragment;
    uint8_t any_remote;  // takes in what comes from elsewhere too
    uint8_t clamp_mss;   // of TCP's SYN, both ways, to what fits
    ReversePath reverse_path;
    uint8_t keepalive_attempts;
    uint16_t keepalive_s;  // 0: none are sent
    uint16_t mtu;          // of what is carried; 0: what the way to the remote leaves
    uint16_t udp_port;     // RFC 8086, GRE in UDP: the remote's port; 0: not in UDP
    InterfaceId port;      // GRE with Ethernet inside: bridged with this port, or no_interface
    TunnelSpread spread;
    uint8_t reserved[15];
};
static_assert(sizeof(Tunnel) == 64);

struct Address {
    uint32_t address;
    InterfaceId interface;
    uint8_t length;
    uint8_t reserved;
};
static_assert(sizeof(Address) == 8);

struct StaticNeighbour {
    uint64_t mac;
    uint32_t address;
    InterfaceId interface;
    uint8_t run_time;  // added by `sluice neighbour`, not by the configuration
    uint8_t reserved;
};
static_assert(sizeof(StaticNeighbour) == 16);

enum class NextHopKind : uint8_t {
    none,         // id not in use
    gateway,      // by `interface`, to the neighbour `address`
    connected,    // by `interface`, to the packet's own destination
    group,        // members [first, first + count) of the snapshot's list, at equal cost
    local,        // an address of this router
    broadcast,    // directed broadcast of a network on `interface`
    blackhole,    // dropped without a word
    unreachable,  // ICMP host unreachable
    prohibit,     // ICMP administratively prohibited
    martian,      // an address that no packet may be sent to
    multicast,
    translated,  // an external address of the NAT that is no interface's
    tunnel,      // in plans only: gateway or connected, by a tunnel
};

struct NextHop {
    NextHopKind kind;
    uint8_t reserved[3];
    InterfaceId interface;
    uint16_t count;
    uint32_t address;
    uint32_t first;
};
static_assert(sizeof(NextHop) == 16);

// IPv6 addresses are two numbers in host order, as in net::Ipv6Address.
struct Address6 {
    uint64_t high;
    uint64_t low;
    InterfaceId interface;
    uint8_t length;
    uint8_t reserved[5];
};
static_assert(sizeof(Address6) == 24);

// A configured route; those of the addresses' networks follow from the addresses. By `interface`
// to the neighbour `via` (gateway) or to the destination itself (connected), or to nowhere.
struct Route6 {
    uint64_t high, low;          // the prefix
    uint64_t via_high, via_low;  // of a gateway
    InterfaceId interface;
    uint8_t length;
    NextHopKind kind;  // gateway, connected, blackhole, unreachable or prohibit
    uint8_t reserved[4];
};
static_assert(sizeof(Route6) == 40);

struct Ipv6 {
    uint32_t address_count;
    uint32_t route_count;
    Address6 addresses[max_addresses6];
    Route6 routes[max_routes6];
};

struct Snapshot {
    uint64_t generation;
    DataplaneSettings dataplane;
    ArpSettings arp;
    IcmpSettings icmp;
    uint32_t address_count;
    uint32_t neighbour_count;
    uint32_t member_count;
    uint32_t next_hop_count;  // ids below this may be in use
    Interface interfaces[max_ports];
    Tunnel tunnels[max_tunnels];
    Address addresses[max_addresses];
    StaticNeighbour neighbours[max_static_neighbours];
    NextHop next_hops[max_next_hops];
    uint16_t members[max_group_members];  // ids of gateways and connected next hops
    Nat nat;
    Multicast multicast;
    BroadcastRelay broadcast_relay;
    Ipv6 ipv6;
};
static_assert(std::is_trivially_copyable_v<Snapshot>);
static_assert(offsetof(Snapshot, interfaces) == 136);
static_assert(offsetof(Snapshot, next_hops) == 136 + 64 * 288 + 4096 * 64 + 8192 * 8 + 1024 * 16);
static_assert(offsetof(Snapshot, nat) ==
              136 + 64 * 288 + 4096 * 64 + 8192 * 8 + 1024 * 16 + 32768 * 16 + 65536 * 2);
static_assert(offsetof(Snapshot, multicast) == offsetof(Snapshot, nat) + sizeof(Nat));
static_assert(offsetof(Snapshot, broadcast_relay) ==
              offsetof(Snapshot, multicast) + sizeof(Multicast));
static_assert(offsetof(Snapshot, ipv6) ==
              offsetof(Snapshot, broadcast_relay) + sizeof(BroadcastRelay));
static_assert(sizeof(Snapshot) == offsetof(Snapshot, ipv6) + sizeof(Ipv6));

inline bool has_interface(const Snapshot& s, InterfaceId id) noexcept {
    return is_tunnel(id) ? s.tunnels[id - max_ports].name[0] != '\0'
                         : id < max_ports && s.interfaces[id].name[0] != '\0';
}

}  // namespace sluice::layout
