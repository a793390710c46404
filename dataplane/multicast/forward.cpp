// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/multicast/forward.h"

#include <bit>

#include "dataplane/discard.h"
#include "dataplane/ipv4/options.h"
#include "dataplane/ipv4/output.h"
#include "dataplane/ipv4/screen_source.h"
#include "dataplane/multicast/copy.h"
#include "dataplane/multicast/groups.h"
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

void send_copy(Context& c, Packet copy, InterfaceId by) noexcept {
    const net::Ipv4Address group = copy.ipv4().destination_address();
    if (copy.ipv4().header_length() > sizeof(net::Ipv4Header)) ipv4::fill_options(c, copy, by);
    ipv4::Route route;
    route.adjacency.interface = by;
    route.adjacency.kind = NextHopKind::connected;
    route.next_hop = group;
    const Verdict v =
        note(c, layout::Step::multicast_copy, ipv4::output(c, copy, Arrival{}, route), by);
    if (v.is_drop()) discard(c, copy, Arrival{}, v);
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
    count(c, group, static_cast<unsigned>(std::popcount(wanted)));
    for (; (wanted & (wanted - 1)) != 0; wanted &= wanted - 1) {
        const Packet copy = copy_of(packet, c.pool);
        if (!copy) return drop(DropReason::no_buffer);
        send_copy(c, copy, all.interfaces[std::countr_zero(wanted)].interface);
    }
    send_copy(c, packet, all.interfaces[std::countr_zero(wanted)].interface);
    return finished();
}

}  // namespace sluice::multicast
