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
    uint8_t reserved[3];
};
static_assert(sizeof(Interface) == 288 && offsetof(Interface, mac) == 256);

struct Address {
    uint32_t address;
    uint8_t length;
    InterfaceId interface;
    uint16_t reserved;
};
static_assert(sizeof(Address) == 8);

struct StaticNeighbour {
    uint64_t mac;
    uint32_t address;
    InterfaceId interface;
    uint8_t run_time;  // added by `sluice neighbour`, not by the configuration
    uint8_t reserved[2];
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
};

struct NextHop {
    NextHopKind kind;
    InterfaceId interface;
    uint16_t count;
    uint32_t address;
    uint32_t first;
    uint32_t reserved;
};
static_assert(sizeof(NextHop) == 16);

struct Snapshot {
    uint64_t generation;
    DataplaneSettings dataplane;
    ArpSettings arp;
    IcmpSettings icmp;
    uint32_t address_count;
    uint32_t neighbour_count;
    uint32_t member_count;
    uint32_t next_hop_count;  // ids below this may be in use
    Interface interfaces[max_interfaces];
    Address addresses[max_addresses];
    StaticNeighbour neighbours[max_static_neighbours];
    NextHop next_hops[max_next_hops];
    uint16_t members[max_group_members];  // ids of gateways and connected next hops
    Nat nat;
};
static_assert(std::is_trivially_copyable_v<Snapshot>);
static_assert(offsetof(Snapshot, interfaces) == 136);
static_assert(offsetof(Snapshot, next_hops) == 136 + 64 * 288 + 512 * 8 + 1024 * 16);
static_assert(offsetof(Snapshot, nat) ==
              136 + 64 * 288 + 512 * 8 + 1024 * 16 + 32768 * 16 + 65536 * 2);
static_assert(sizeof(Snapshot) == offsetof(Snapshot, nat) + sizeof(Nat));

}  // namespace sluice::layout
