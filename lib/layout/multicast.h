// SPDX-License-Identifier: BSD-3-Clause
// Multicast: by which interfaces it is forwarded, and between which ones broadcasts are relayed,
// which stand in the snapshot; and who has joined which group, which stands in state and so
// outlives the dataplane.
//
// A group has one place in the set that its address falls into. Any worker adds a group or a
// member, by a compare-and-swap of the word that names it; the main thread alone takes one away.
// Whoever is a member may be told twice and is copied to once.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/layout/limits.h"

namespace sluice::layout {

inline constexpr unsigned max_multicast_interfaces = 64;  // and so copies of one packet
inline constexpr unsigned max_multicast_groups = 1024;
inline constexpr unsigned multicast_ways = 8;  // of a set

struct MulticastInterface {
    InterfaceId interface;
    uint16_t max_groups;  // that may be joined by it at once
    uint8_t querier;
    uint8_t all;  // copied to, joined or not
    uint8_t reserved[2];
};
static_assert(sizeof(MulticastInterface) == 8);

struct Multicast {
    uint32_t interface_count;  // 0: no multicast is forwarded
    uint32_t max_groups;
    uint32_t query_interval_s;
    uint16_t response_tenths;  // RFC 3376 8.3, of a second
    uint8_t robustness;
    uint8_t reserved;
    MulticastInterface interfaces[max_multicast_interfaces];
};
static_assert(sizeof(Multicast) == 16 + 64 * 8);

// UDP broadcasts to these ports go from each of these interfaces to all the others.
inline constexpr unsigned max_relayed_ports = 32;

struct BroadcastRelay {
    uint32_t interface_count;  // 0: no broadcast is relayed
    uint32_t port_count;
    InterfaceId interfaces[max_multicast_interfaces];
    uint16_t ports[max_relayed_ports];
};
static_assert(sizeof(BroadcastRelay) == 8 + 64 * 2 + 32 * 2);

// That somebody who is reached by an interface has joined the group.
struct Membership {
    std::atomic<uint64_t> until_ns;   // unless it is said again; 0: about to be written
    std::atomic<uint32_t> reporter;   // who said it last
    std::atomic<uint16_t> interface;  // and one; 0: this place is free
    std::atomic<uint8_t> version;     // of IGMP, in which it was said
    std::atomic<uint8_t> leaving;     // asked whether anybody stays
};
static_assert(sizeof(Membership) == 16);

struct alignas(64) MulticastGroup {
    std::atomic<uint64_t> packets;  // that were forwarded
    std::atomic<uint64_t> copies;   // of them
    std::atomic<uint64_t> told_ns;  // to the other ends of tunnels, last
    uint64_t reserved[5];
    Membership members[max_multicast_interfaces];
};
static_assert(sizeof(MulticastGroup) == 64 + 64 * 16);

// What is known of an interface.
struct MulticastLink {
    std::atomic<uint64_t> other_until_ns;  // another router has the right to ask (RFC 3376 6.6.2)
    std::atomic<uint64_t> answered_ns;     // it was told our groups, last
    std::atomic<uint32_t> other;           // its address
    std::atomic<uint32_t> groups;          // that are joined by it; counted each second
};
static_assert(sizeof(MulticastLink) == 24);

struct MulticastTable {
    std::atomic<uint32_t> addresses[max_multicast_groups];  // of the groups; 0: free
    MulticastGroup groups[max_multicast_groups];
    MulticastLink links[max_interfaces];
};
static_assert(offsetof(MulticastTable, groups) % 64 == 0);

}  // namespace sluice::layout
