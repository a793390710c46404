// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/multicast/relay.h"

#include <algorithm>
#include <span>

#include "dataplane/ipv4/screen_source.h"
#include "dataplane/multicast/replicate.h"
#include "lib/net/checksum.h"

namespace sluice::multicast {
namespace {

constexpr net::Ipv4Address all_of_a_link{0xffffffff};

bool is_for_all_by(const Plan& plan, InterfaceId in, net::Ipv4Address destination) noexcept {
    if (destination.is_limited_broadcast()) return true;
    const auto own = plan.addresses_of(in);
    return std::any_of(own.begin(), own.end(), [&](const net::InterfaceAddress& a) {
        return a.has_broadcast() && a.network().last() == destination;
    });
}

bool is_of_port(const layout::BroadcastRelay& wish, uint16_t port) noexcept {
    const auto* end = wish.ports + wish.port_count;
    return std::find(wish.ports, end, port) != end;
}

// Whoever sends by a port is its neighbour, and whoever is behind a tunnel is reached by it.
bool is_from_there(const Context& c, net::Ipv4Address source, InterfaceId in) noexcept {
    if (!layout::is_tunnel(in)) return c.plan->is_on_link(in, source);
    return ipv4::is_reached_by(*c.plan, fib::find(*c.routes, source.value), in);
}

Verdict screen_broadcast(const Context& c, const Packet& packet, const Arrival& from) noexcept {
    if (const Verdict v = ipv4::screen_source(c, packet, from); !v.is_passed()) return v;
    const net::Ipv4Header& ip = packet.ipv4();
    if (!is_from_there(c, ip.source_address(), from.interface)) {
        return drop(DropReason::broadcast_wrong_way);
    }
    return ip.ttl <= 1 ? drop(DropReason::ttl_expired) : passed();
}

net::Be16 with_address(net::Be16 checksum, uint32_t before, uint32_t after) noexcept {
    const auto word = [](uint32_t bits) { return net::be16(static_cast<uint16_t>(bits)); };
    checksum = net::checksum_adjust(checksum, word(before >> 16), word(after >> 16));
    return net::checksum_adjust(checksum, word(before), word(after));
}

// UDP's checksum is over the address too; 0 would say that there is none (RFC 768).
void address_to_all(Packet packet) noexcept {
    net::Ipv4Header& ip = packet.ipv4();
    auto& udp = *packet.header_at<net::UdpHeader>(ethernet_header + sizeof ip);
    const uint32_t before = ip.destination.host();
    ip.destination = net::be32(all_of_a_link.value);
    ip.checksum = with_address(ip.checksum, before, all_of_a_link.value);
    if (udp.checksum.host() == 0) return;
    udp.checksum = with_address(udp.checksum, before, all_of_a_link.value);
    if (udp.checksum.host() == 0) udp.checksum = net::be16(0xffff);
}

}  // namespace

bool is_relayed(const Context& c, const Packet& packet, const Arrival& from) noexcept {
    const Plan& plan = *c.plan;
    if (!plan.interfaces[from.interface].relays_broadcasts) return false;
    const net::Ipv4Header& ip = packet.ipv4();
    const bool is_plain_udp =
        ip.protocol == net::Protocol::udp && !ip.is_fragment() && ip.header_length() == sizeof ip;
    if (!is_plain_udp || !is_for_all_by(plan, from.interface, ip.destination_address())) {
        return false;
    }
    const auto* udp = packet.header_at<net::UdpHeader>(ethernet_header + sizeof ip);
    return udp != nullptr && is_of_port(plan.broadcast_relay, udp->destination_port.host());
}

Verdict relay(Context& c, Packet packet, const Arrival& from) noexcept {
    if (const Verdict v = screen_broadcast(c, packet, from); !v.is_passed()) return v;
    Takers takers;
    const layout::BroadcastRelay& wish = c.plan->broadcast_relay;
    for (const InterfaceId id : std::span(wish.interfaces).first(wish.interface_count)) {
        if (id != from.interface) takers.add(id);
    }
    net::age(packet.ipv4());
    address_to_all(packet);
    c.tally(layout::Tally::broadcasts_relayed);
    c.tally(layout::Tally::broadcast_copies, takers.count());
    return replicate(c, packet, takers);
}

}  // namespace sluice::multicast
