// SPDX-License-Identifier: BSD-3-Clause
// Who has joined which group: what lies in state (lib/layout/multicast.h), as workers and the main
// thread use it. A lookup is one or two cache lines of addresses and the group's own members.
#pragma once
#include <optional>
#include <vector>

#include "lib/layout/multicast.h"
#include "lib/net/address.h"

namespace sluice::multicast {

using layout::InterfaceId;
using layout::MulticastGroup;

// 224.0.0.0/24 is for one link alone (RFC 1112 4, RFC 5771 4).
constexpr bool is_of_one_link(net::Ipv4Address group) noexcept {
    return group.value >> 8 == 0xe00000;
}

// RFC 1112 6.4; of what is for all, the link's own broadcast address.
constexpr net::MacAddress mac_of(net::Ipv4Address group) noexcept {
    if (group.is_limited_broadcast()) return net::broadcast_mac;
    return {{0x01, 0x00, 0x5e, static_cast<uint8_t>(group.value >> 16 & 0x7f),
             static_cast<uint8_t>(group.value >> 8), static_cast<uint8_t>(group.value)}};
}

// What a host, or a router in its place, has said.
struct Report {
    net::Ipv4Address group;
    net::Ipv4Address reporter;
    InterfaceId interface;
    uint8_t version;  // of IGMP
    uint64_t until_ns;
};

struct Limits {
    uint32_t groups;        // of all interfaces
    uint32_t of_interface;  // groups joined by the one
};

// Each group that somebody has joined.
template <typename Table, typename Action>
void for_each_group(Table& table, Action&& action) {
    for (unsigned at = 0; at < layout::max_multicast_groups; ++at) {
        const uint32_t address = table.addresses[at].load(std::memory_order_acquire);
        if (address != 0) action(net::Ipv4Address{address}, table.groups[at]);
    }
}

enum class Joined { anew, again, no_room, no_room_by_interface };

class Groups {
  public:
    explicit Groups(layout::MulticastTable& table) noexcept : table_(table) {}

    // Null where nobody has joined it. Any thread.
    MulticastGroup* find(net::Ipv4Address group) const noexcept;
    // Notes what was said. Any worker.
    Joined join(const Report& report, Limits limits) noexcept;
    // Null where nobody has joined it by the interface.
    layout::Membership* member(net::Ipv4Address group, InterfaceId interface) const noexcept;

    // A bit for each of the interfaces by which somebody has joined, by their places in a list.
    template <typename PlaceOf>
    static uint64_t members(const MulticastGroup& group, uint64_t now_ns,
                            PlaceOf&& place_of) noexcept {
        uint64_t places = 0;
        for (const layout::Membership& m : group.members) {
            const uint16_t named = m.interface.load(std::memory_order_relaxed);
            if (named == 0 || m.until_ns.load(std::memory_order_relaxed) <= now_ns) continue;
            places |= place_of(static_cast<InterfaceId>(named - 1));
        }
        return places;
    }

    // Takes away members whose time is over, or whom `keeps` does not keep, and groups without any.
    // `left(group, interface)` is told of each member. The main thread alone.
    template <typename Keeps, typename Left>
    void sweep(uint64_t now_ns, Keeps&& keeps, Left&& left);

  private:
    static unsigned set_of(net::Ipv4Address group) noexcept;
    MulticastGroup* find_or_add(net::Ipv4Address group, uint32_t limit) noexcept;
    uint32_t group_count() const noexcept;
    static void clear(MulticastGroup& group) noexcept;
    static bool stays(layout::Membership& m, uint64_t now_ns) noexcept;

    layout::MulticastTable& table_;
};

// ---- implementation of sweep -------------------------------------------------------------------

template <typename Keeps, typename Left>
void Groups::sweep(uint64_t now_ns, Keeps&& keeps, Left&& left) {
    std::vector<uint32_t> groups_of(layout::max_interfaces);
    for (unsigned at = 0; at < layout::max_multicast_groups; ++at) {
        const net::Ipv4Address group{table_.addresses[at].load(std::memory_order_acquire)};
        if (group.is_unspecified()) continue;
        bool any = false;
        for (layout::Membership& m : table_.groups[at].members) {
            const uint16_t named = m.interface.load(std::memory_order_acquire);
            if (named == 0) continue;
            const auto interface = static_cast<InterfaceId>(named - 1);
            if (stays(m, now_ns) && keeps(interface)) {
                any = true;
                ++groups_of[interface];
                continue;
            }
            m.until_ns.store(0, std::memory_order_relaxed);
            m.interface.store(0, std::memory_order_release);
            left(group, interface);
        }
        if (any) continue;
        clear(table_.groups[at]);
        table_.addresses[at].store(0, std::memory_order_release);
    }
    for (unsigned i = 0; i < layout::max_interfaces; ++i) {
        table_.links[i].groups.store(groups_of[i], std::memory_order_relaxed);
    }
}

}  // namespace sluice::multicast
