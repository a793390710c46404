// SPDX-License-Identifier: BSD-3-Clause
// The plan: a snapshot as the workers use it. Compiled by the main thread, which checks every
// number in the snapshot once, so that no packet has to; immutable from then on. A worker takes
// the plan at the start of a burst and keeps it to the burst's end.
//
// Link state is part of it: an interface that goes down or an equal-cost next hop that dies makes
// the main thread compile a new plan from the same snapshot.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/ipv6/routing.h"
#include "dataplane/nat/rules.h"
#include "dataplane/own_addresses.h"
#include "dataplane/tunnel/tunnels.h"
#include "lib/layout/limits.h"
#include "lib/layout/snapshot.h"
#include "lib/net/address.h"

namespace sluice {

using layout::InterfaceId;
using layout::NextHopKind;

class NeighbourTable;

// What the ports say of an interface, be it what was asked or not.
struct InterfaceFacts {
    bool up = false;
    net::MacAddress mac;
    uint32_t mtu = 0;
    uint16_t address_queues = 1;  // over which the device spreads packets by their IP addresses
    uint16_t port_queues = 1;     // by UDP's ports
};

struct alignas(64) PlanInterface {
    net::MacAddress mac;
    bool up = false;
    bool redirects = false;
    uint32_t mtu = 0;
    layout::ReversePath reverse_path = layout::ReversePath::off;
    bool proxy_arp = false;
    bool directed_broadcast = false;
    bool source_routing = false;
    InterfaceId bridged_with = layout::no_interface;  // a tunnel's port, or a port's tunnel
    uint8_t multicast = 0;  // its place in Plan::multicast, and one; 0: it forwards none
    bool relays_broadcasts = false;
    uint16_t first_address = 0;   // of Plan::addresses
    uint16_t address_queues = 1;  // of InterfaceFacts
    uint16_t port_queues = 1;
    uint16_t address_count = 0;

    // Then frames go from the one to the other, and nothing is routed by either.
    bool is_bridged() const noexcept { return bridged_with != layout::no_interface; }
};

// Where the packets of one next-hop id go. Eight bytes, so that many fit into the nearest cache.
struct Adjacency {
    InterfaceId interface = 0;
    uint16_t mtu = 0;         // of the interface; 0 while it is down, so that no packet fits
    uint32_t index : 24 = 0;  // gateway: place in the neighbour table; group: in Plan::groups;
                              // tunnel: in Plan::tunnels
    NextHopKind kind : 8 = NextHopKind::none;
};
static_assert(sizeof(Adjacency) == 8);

// Equal-cost next hops. A flow's hash picks a bucket, the bucket an adjacency. Buckets are dealt
// to the living members by highest random weight (Thaler, Ravishankar 1998), so that a member's
// death moves only its own buckets and its return takes back the very same.
struct Group {
    static constexpr unsigned buckets = 256;
    std::array<uint16_t, buckets> bucket;
};

struct Plan {
    uint64_t generation = 0;
    layout::ArpSettings arp{};
    layout::IcmpSettings icmp{};
    layout::Multicast multicast{};
    layout::BroadcastRelay broadcast_relay{};
    std::array<PlanInterface, layout::max_interfaces> interfaces;
    std::vector<net::InterfaceAddress> addresses;  // by interface
    // One for every id that a FIB entry can hold, so that no entry leads outside.
    std::array<Adjacency, layout::max_next_hops> adjacencies;
    std::array<uint32_t, layout::max_next_hops> gateways;  // address of the gateway, host order
    std::vector<Group> groups;
    std::unique_ptr<const nat::Rules> nat;           // null: nothing is translated
    std::unique_ptr<const tunnel::Tunnels> tunnels;  // null: there are none
    std::unique_ptr<const ipv6::Routing> ipv6;       // null: there is none
    OwnAddresses own;

    std::span<const net::InterfaceAddress> addresses_of(InterfaceId id) const noexcept {
        const PlanInterface& i = interfaces[id];
        return std::span(addresses).subspan(i.first_address, i.address_count);
    }
    // The address of the interface on the same network, or its first; nothing if it has none.
    std::optional<net::Ipv4Address> source_towards(InterfaceId id,
                                                   net::Ipv4Address to) const noexcept;
    bool is_own(InterfaceId id, net::Ipv4Address address) const noexcept;
    bool is_on_link(InterfaceId id, net::Ipv4Address address) const noexcept;

    // The member of an equal-cost group that a flow takes; 0 when none is alive.
    uint16_t member(const Adjacency& group, uint32_t flow_hash) const noexcept {
        return groups[group.index].bucket[flow_hash % Group::buckets];
    }
};

// Compiles a snapshot. `facts`: of all max_interfaces, by id. `nat_supply` is for those who
// translate by it. Gateways get a place in `neighbours` (pinned there) unless it is full. Throws
// std::runtime_error, naming what is wrong, when the snapshot contradicts itself.
std::unique_ptr<const Plan> compile(const layout::Snapshot& snapshot,
                                    std::span<const InterfaceFacts> facts,
                                    NeighbourTable& neighbours,
                                    const nat::Supply& nat_supply = nat::no_supply());

// Static entries and pins that neither the plan nor its snapshot asks for become ordinary
// entries. Only when no worker uses an older plan any more, which may still refer to them.
void release_unreferenced(const Plan& plan, const layout::Snapshot& snapshot,
                          NeighbourTable& neighbours);

}  // namespace sluice
