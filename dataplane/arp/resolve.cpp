// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/arp/resolve.h"

#include "dataplane/arp/request.h"
#include "dataplane/discard.h"
#include "dataplane/nd/solicit.h"

namespace sluice::arp {
namespace {

constexpr uint32_t retry_failed_ms = 1000;
constexpr uint32_t unicast_probes = 1;  // then everybody is asked (RFC 1122 2.3.2.1)

void ask(Context& c, uint32_t place, uint64_t key) noexcept {
    NeighbourEntry& e = c.neighbours.entry(place);
    const uint32_t asked = e.attempts.fetch_add(1, std::memory_order_relaxed);
    const NeighbourLink link = c.neighbours.link(place);
    const bool unicast = link.condition() == NeighbourCondition::probe && asked < unicast_probes;
    if (layout::NeighbourKey::is_ipv6(key)) {
        return nd::solicit(c, layout::NeighbourKey::interface(key), e.address6(),
                           unicast ? link.mac() : net::MacAddress{});
    }
    send_request(c, layout::NeighbourKey::interface(key), layout::NeighbourKey::address(key),
                 unicast ? link.mac() : net::broadcast_mac);
}

// IPv6 addresses are more than an event has room for.
void tell(Context& c, layout::EventKind kind, uint64_t key) noexcept {
    if (layout::NeighbourKey::is_ipv6(key)) return;
    c.event(kind, layout::NeighbourKey::interface(key), layout::NeighbourKey::address(key));
}

}  // namespace

void transmit(Context& c, Packet packet, InterfaceId interface, net::MacAddress to) noexcept {
    net::EthernetHeader& frame = packet.ethernet();
    frame.destination = to;
    frame.source = c.interface(interface).mac;
    c.transmitter.send(interface, packet);
}

Verdict send_to(Context& c, Packet packet, const Arrival& arrival, InterfaceId interface,
                net::Ipv4Address neighbour) noexcept {
    return send_to(c, packet, arrival, interface, Neighbour(interface, neighbour));
}

Verdict send_to(Context& c, Packet packet, const Arrival& arrival, InterfaceId interface,
                const Neighbour& neighbour) noexcept {
    if (!c.interface(interface).up) return drop(DropReason::interface_down);

    const uint32_t now = c.now_ms();
    const uint64_t key = neighbour.key;
    const uint32_t place = c.neighbours.find_or_add(neighbour, now, c.plan->arp.max_entries);
    if (place == NeighbourTable::none) {
        tell(c, layout::EventKind::neighbour_table_full, key);
        return drop(DropReason::neighbour_table_full);
    }
    const uint32_t interval = c.plan->arp.request_interval_ms;
    const NeighbourLink link = c.neighbours.link(place);
    switch (link.condition()) {
        case NeighbourCondition::stale:
            // Without room to watch for the answer it stays stale, which loses nothing.
            if (c.waiting.watch(place, key) &&
                c.neighbours.move(place, NeighbourCondition::stale, NeighbourCondition::probe,
                                  now) &&
                c.neighbours.claim_request(place, now, interval)) {
                ask(c, place, key);
            }
            [[fallthrough]];
        case NeighbourCondition::reachable:
        case NeighbourCondition::probe:
            transmit(c, packet, interface, link.mac());
            return finished();

        case NeighbourCondition::failed:
            // A host that is not there is not asked for at every packet.
            if (now - c.neighbours.entry(place).changed_ms.load(std::memory_order_relaxed) <
                retry_failed_ms) {
                return drop(DropReason::neighbour_failed);
            }
            c.neighbours.move(place, NeighbourCondition::failed, NeighbourCondition::incomplete,
                              now);
            break;
        case NeighbourCondition::none:
            c.neighbours.move(place, NeighbourCondition::none, NeighbourCondition::incomplete, now);
            break;
        case NeighbourCondition::incomplete: break;
    }
    if (!c.waiting.hold(c, place, key, packet, arrival)) {
        return drop(DropReason::neighbour_queue_full);
    }
    if (c.neighbours.claim_request(place, now, interval)) ask(c, place, key);
    return finished();
}

void ask_again(Context& c, InterfaceId interface, net::Ipv4Address neighbour) noexcept {
    const uint32_t place = c.neighbours.find(interface, neighbour);
    if (place == NeighbourTable::none) return;
    if (c.neighbours.claim_request(place, c.now_ms(), c.plan->arp.request_interval_ms)) {
        send_request(c, interface, neighbour);
    }
}

Waiting::Awaited* Waiting::find_or_add(uint32_t place, uint64_t key) noexcept {
    for (unsigned i = 0; i < count_; ++i) {
        if (neighbours_[i].key == key) return &neighbours_[i];
    }
    if (count_ == max_neighbours) return nullptr;
    Awaited& added = neighbours_[count_++];
    added.place = place;
    added.key = key;
    added.held = 0;
    return &added;
}

// One that has not answered makes room: were the first to come the last to go, a scan would keep
// everybody else waiting. One that is being probed stays; somebody talks to it.
void Waiting::make_room(Context& c, unsigned packets) noexcept {
    for (unsigned tried = 0; tried < count_; ++tried) {
        const unsigned at = evict_next_++ % count_;
        const NeighbourLink link = c.neighbours.link(neighbours_[at].place);
        if (link.condition() == NeighbourCondition::probe || neighbours_[at].held < packets) {
            continue;
        }
        const Awaited n = neighbours_[at];
        take_out(at);
        for (unsigned p = 0; p < n.held; ++p) {
            discard(c, n.packets[p].packet, n.packets[p].arrival,
                    drop(DropReason::neighbour_queue_full));
        }
        return;
    }
}

void Waiting::take_out(unsigned at) noexcept {
    held_ -= neighbours_[at].held;
    neighbours_[at] = neighbours_[--count_];
}

void Waiting::drop_oldest(Context& c, Awaited& n) noexcept {
    const Held oldest = n.packets[0];
    std::move(n.packets.begin() + 1, n.packets.end(), n.packets.begin());
    --n.held;
    --held_;
    discard(c, oldest.packet, oldest.arrival, drop(DropReason::neighbour_queue_full));
}

bool Waiting::hold(Context& c, uint32_t place, uint64_t key, Packet packet,
                   const Arrival& arrival) noexcept {
    Awaited* n = find_or_add(place, key);
    if (n != nullptr && n->held == packets_each) drop_oldest(c, *n);
    if (n == nullptr || held_ == max_packets) {
        make_room(c, n == nullptr ? 0 : 1);
        n = find_or_add(place, key);
    }
    if (n == nullptr || held_ == max_packets) return false;
    n->packets[n->held++] = {packet, arrival};
    ++held_;
    c.tally(layout::Tally::packets_held);
    return true;
}

void Waiting::tick(Context& c) noexcept {
    for (unsigned i = 0; i < count_;) {
        // Discarding a held packet may have an ICMP error sent, which may have to wait in turn:
        // so the entry is taken out before its packets are seen to.
        Awaited n = neighbours_[i];
        if (!settle(c, n)) {
            ++i;
            continue;
        }
        take_out(i);
        for (unsigned p = 0; p < n.held; ++p) release(c, n, n.packets[p]);
    }
}

// Sends a packet that has waited to its neighbour, or drops it where there is none.
void Waiting::release(Context& c, const Awaited& n, const Held& held) noexcept {
    const InterfaceId interface = layout::NeighbourKey::interface(n.key);
    const NeighbourLink link = c.neighbours.link(n.place);
    if (!c.interface(interface).up) {
        discard(c, held.packet, held.arrival, drop(DropReason::interface_down));
    } else if (link.usable() && still_means(c, n)) {
        transmit(c, held.packet, interface, link.mac());
    } else {
        discard(c, held.packet, held.arrival, drop(DropReason::neighbour_failed));
    }
}

// Read after the link: a place that has changed hands by then has another's MAC in it.
bool Waiting::still_means(const Context& c, const Awaited& n) noexcept {
    return c.neighbours.entry(n.place).key.load(std::memory_order_acquire) == n.key;
}

// True when there is nothing left to wait for.
bool Waiting::settle(Context& c, Awaited& n) noexcept {
    if (!still_means(c, n) || !c.interface(layout::NeighbourKey::interface(n.key)).up) return true;
    NeighbourEntry& e = c.neighbours.entry(n.place);
    const uint32_t now = c.now_ms();
    const NeighbourLink link = c.neighbours.link(n.place);
    switch (link.condition()) {
        case NeighbourCondition::incomplete:
        case NeighbourCondition::probe: break;
        default: return true;
    }
    if (!c.neighbours.claim_request(n.place, now, c.plan->arp.request_interval_ms)) return false;
    if (e.attempts.load(std::memory_order_relaxed) < c.plan->arp.attempts) {
        ask(c, n.place, n.key);
        return false;
    }
    if (c.neighbours.move(n.place, link.condition(), NeighbourCondition::failed, now)) {
        tell(c, layout::EventKind::neighbour_failed, n.key);
    }
    return true;
}

void Waiting::clear(PacketPool& pool) noexcept {
    for (unsigned i = 0; i < count_; ++i) {
        for (unsigned p = 0; p < neighbours_[i].held; ++p)
            pool.free(neighbours_[i].packets[p].packet);
    }
    count_ = 0;
    held_ = 0;
}

}  // namespace sluice::arp
