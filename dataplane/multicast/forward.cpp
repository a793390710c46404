// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/multicast/forward.h"

#include <bit>

#include "dataplane/ipv4/screen_source.h"
#include "dataplane/multicast/groups.h"
#include "dataplane/multicast/replicate.h"
#include "lib/net/checksum.h"

namespace sluice::multicast {
namespace {

// Interfaces by their places in the plan's list, a bit each.
using Places = uint64_t;

constexpr Places bit_of(unsigned place) noexcept {
    return place == 0 ? 0 : Places{1} << (place - 1);
}

Places that_want_all(const layout::Multicast& all) noexcept {
    Places places = 0;
    for (uint32_t i = 0; i < all.interface_count; ++i) {
        if (all.interfaces[i].all != 0) places |= Places{1} << i;
    }
    return places;
}

Places that_joined(const Context& c, const MulticastGroup* group) noexcept {
    if (group == nullptr) return 0;
    return Groups::members(*group, c.now_ns,
                           [&](InterfaceId i) { return bit_of(c.interface(i).multicast); });
}

Verdict screen(const Context& c, const Packet& packet, const Arrival& from) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    const bool here = c.interface(from.interface).multicast != 0;
    if (!here || is_of_one_link(ip.destination_address())) {
        return drop(DropReason::group_not_joined);
    }
    if (const Verdict v = ipv4::screen_source(c, packet, from); !v.is_passed()) return v;
    const uint16_t back = fib::find(*c.routes, ip.source.host());
    if (!ipv4::is_reached_by(*c.plan, back, from.interface)) {
        return drop(DropReason::multicast_wrong_way);
    }
    return ip.ttl <= 1 ? drop(DropReason::ttl_expired) : passed();
}

Takers in_places(const layout::Multicast& all, Places places) noexcept {
    Takers takers;
    for (; places != 0; places &= places - 1) {
        takers.add(all.interfaces[std::countr_zero(places)].interface);
    }
    return takers;
}

void count(Context& c, MulticastGroup* group, unsigned copies) noexcept {
    c.tally(layout::Tally::multicast_packets);
    c.tally(layout::Tally::multicast_copies, copies);
    if (group == nullptr) return;
    group->packets.fetch_add(1, std::memory_order_relaxed);
    group->copies.fetch_add(copies, std::memory_order_relaxed);
}

}  // namespace

Verdict forward(Context& c, Packet packet, const Arrival& from) noexcept {
    if (const Verdict v = screen(c, packet, from); !v.is_passed()) return v;
    const layout::Multicast& all = c.plan->multicast;
    MulticastGroup* group = Groups(*c.multicast).find(packet.ipv4().destination_address());
    Places wanted = that_want_all(all) | that_joined(c, group);
    wanted &= ~bit_of(c.interface(from.interface).multicast);
    if (wanted == 0) return drop(DropReason::multicast_unwanted);

    net::age(packet.ipv4());
    const Takers takers = in_places(all, wanted);
    count(c, group, takers.count());
    return replicate(c, packet, takers);
}

}  // namespace sluice::multicast
