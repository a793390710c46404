// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/arp/receive.h"

#include "dataplane/arp/neighbour_table.h"
#include "dataplane/arp/request.h"
#include "dataplane/arp/resolve.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/ipv4/screen_source.h"

namespace sluice::arp {
namespace {

constexpr uint32_t frames_per_second = 2000;  // and interface; what a large network needs at once

struct Message {
    uint16_t operation;
    net::MacAddress sender_mac;
    net::Ipv4Address sender;
    net::Ipv4Address target;
};

bool is_for_ethernet_and_ipv4(const net::ArpPacket& arp) noexcept {
    return arp.hardware_type.host() == net::arp_hardware_ethernet &&
           arp.protocol_type.host() == static_cast<uint16_t>(net::EtherType::ipv4) &&
           arp.hardware_length == 6 && arp.protocol_length == 4;
}

// The neighbour's entry waits for this answer, and will not wait for another.
bool was_asked_for(const Context& c, const Message& m, InterfaceId interface) noexcept {
    if (m.operation != net::arp_reply) return false;
    const uint32_t place = c.neighbours.find(interface, m.sender);
    if (place == NeighbourTable::none) return false;
    using enum layout::NeighbourCondition;
    const layout::NeighbourCondition now = c.neighbours.link(place).condition();
    return now == incomplete || now == probe || now == failed;
}

bool is_broadcast(const Context& c, net::Ipv4Address a) noexcept {
    return c.plan->adjacencies[fib::find(*c.routes, a.value)].kind == NextHopKind::broadcast;
}

// RFC 1812 3.3.2: a reply that would bind a unicast address to a group's MAC is not believed; nor
// is one that would bind a group's address to anything.
bool may_be_a_host(const Context& c, const Message& m) noexcept {
    if (m.sender_mac.is_multicast() || m.sender_mac.is_zero()) return false;
    return m.sender.is_unspecified() || (!ipv4::is_martian(m.sender) && !is_broadcast(c, m.sender));
}

// Merges only into an entry that exists; makes one when this router was asked (RFC 826).
void learn(Context& c, const Message& m, InterfaceId interface, bool asked_us) noexcept {
    if (m.sender.is_unspecified() || !c.plan->is_on_link(interface, m.sender)) return;
    const uint32_t now = c.now_ms();
    const uint32_t place =
        asked_us ? c.neighbours.find_or_add(interface, m.sender, now, c.plan->arp.max_entries)
                 : c.neighbours.find(interface, m.sender);
    if (place == NeighbourTable::none) return;

    const NeighbourLink before =
        c.neighbours.confirm(place, interface, m.sender, m.sender_mac, now);
    c.tally(layout::Tally::arp_learned);
    const bool knew_another =
        !before.is_static() && !before.mac().is_zero() && before.mac() != m.sender_mac;
    if (knew_another) {
        c.event(layout::EventKind::neighbour_moved, interface, m.sender, m.sender_mac);
    }
}

// An external address of the NAT in the interface's network, which no host has.
bool is_translated(const Context& c, net::Ipv4Address a, InterfaceId interface) noexcept {
    return c.plan->is_on_link(interface, a) &&
           c.plan->adjacencies[fib::find(*c.routes, a.value)].kind == NextHopKind::translated;
}

// RFC 1027: for a target that is reached by another interface than the one that asks.
bool stands_in_for(const Context& c, const Message& m, InterfaceId interface) noexcept {
    if (!c.interface(interface).proxy_arp || ipv4::is_martian(m.target)) return false;
    ipv4::Route route;
    return ipv4::find_route(c, m.target, 0, route).is_passed() && route.leads_out() &&
           route.adjacency.interface != interface;
}

void reply(Context& c, Packet packet, const Message& m, InterfaceId interface) noexcept {
    const net::MacAddress own = c.interface(interface).mac;
    constexpr uint32_t heard = ethernet_header + sizeof(net::ArpPacket);
    if (const Packet padding = packet.cut(heard)) c.pool.free(padding);
    if (packet.contiguous() + packet.tailroom() < net::min_frame) {
        c.pool.free(packet);
        return;
    }
    write_frame(packet, net::arp_reply, m.sender_mac, own, m.target, m.sender_mac, m.sender);
    c.tally(layout::Tally::arp_replies_sent);
    c.transmitter.send(interface, packet);
}

}  // namespace

Verdict receive(Context& c, Packet packet, const Arrival& arrival) noexcept {
    const auto* arp = packet.header_at<net::ArpPacket>(ethernet_header);
    if (arp == nullptr || !is_for_ethernet_and_ipv4(*arp)) return drop(DropReason::arp_malformed);
    const Message m{
        arp->operation.host(), arp->sender_mac, {arp->sender_ip.host()}, {arp->target_ip.host()}};
    if (m.operation != net::arp_request && m.operation != net::arp_reply) {
        return drop(DropReason::arp_malformed);
    }
    const InterfaceId interface = arrival.interface;
    if (!c.arp_frames[interface].take(c.now_ns, frames_per_second) &&
        !was_asked_for(c, m, interface)) {
        return drop(DropReason::arp_limited);
    }
    if (!may_be_a_host(c, m)) return drop(DropReason::arp_bad_sender);
    if (m.sender_mac == c.interface(interface).mac) {  // its own words, looped back
        c.pool.free(packet);
        return finished();
    }
    if (c.plan->is_own(interface, m.sender)) {
        c.event(layout::EventKind::duplicate_address, interface, m.sender, m.sender_mac);
        if (c.waiting.may_defend(c.now_ms())) announce(c, interface, m.sender);
        return drop(DropReason::arp_own_address);
    }
    const bool asked_us =
        c.plan->is_own(interface, m.target) || is_translated(c, m.target, interface);
    learn(c, m, interface, asked_us);

    if (m.operation == net::arp_request && (asked_us || stands_in_for(c, m, interface))) {
        reply(c, packet, m, interface);
    } else {
        c.pool.free(packet);
    }
    return finished();
}

}  // namespace sluice::arp
