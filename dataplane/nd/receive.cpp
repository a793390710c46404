// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nd/receive.h"

#include "dataplane/arp/neighbour_table.h"
#include "dataplane/ipv6/own.h"
#include "dataplane/nd/advertise.h"
#include "dataplane/nd/message.h"

namespace sluice::nd {
namespace {

namespace type = net::icmp6;
using enum NeighbourCondition;

constexpr uint32_t messages_per_second = 2000;  // and interface, as of ARP

// A message that is in order so far.
struct Heard {
    InterfaceId in;
    net::MacAddress station;  // that the frame came from
    net::Ipv6Address source, destination;
    Options options;
};

Verdict done(Context& c, Packet packet) noexcept {
    c.pool.free(packet);
    return finished();
}

// Makes known what a neighbour says of itself unasked: it is not proven that it hears us
// (RFC 4861 7.2.3, 7.2.5). Packets that wait for it go all the same.
void learn(Context& c, uint32_t place, const Neighbour& who, net::MacAddress mac) noexcept {
    const NeighbourLink known = c.neighbours.link(place);
    if (!known.mac().is_zero() && known.mac() == mac && known.condition() != failed) return;
    const bool awaited = known.condition() == incomplete;
    c.neighbours.confirm(place, who, mac, c.now_ms());
    c.tally(layout::Tally::nd_learned);
    if (!awaited) c.neighbours.move(place, reachable, stale, c.now_ms());
}

// RFC 4861 7.2.4
void answer(Context& c, const Heard& m, net::Ipv6Address target) noexcept {
    const bool to_all = m.source.is_unspecified();
    const bool anycast = c.plan->ipv6->is_anycast(m.in, target);
    net::NeighbourMessage message{};
    message.header.type = type::neighbour_advertisement;
    message.header.word1 =
        net::be16(static_cast<uint16_t>(net::nd::is_router | (to_all ? 0 : net::nd::solicited) |
                                        (anycast ? 0 : net::nd::overrides)));
    message.target = net::Ipv6Field::of(target);
    const net::Ipv6Address to = to_all ? net::all_nodes : m.source;
    const net::Ipv6Address from = anycast ? c.plan->ipv6->link_local(m.in) : target;
    const net::MacAddress group = net::mac_of_group(net::all_nodes);
    Draft(c)
        .append(message)
        .append(link_address(net::nd::target_address, c.interface(m.in).mac))
        .send(c, m.in, to_all ? group : m.options.source.value_or(m.station), from, to);
    c.tally(layout::Tally::nd_advertisements_sent);
}

// RFC 4861 7.1.1, 7.2.3
Verdict hear_solicitation(Context& c, Packet packet, const Heard& m, uint32_t at) noexcept {
    const auto* message = packet.header_at<net::NeighbourMessage>(at);
    const net::Ipv6Address target = message->target.host();
    const bool is_probe = m.source.is_unspecified();
    if (target.is_multicast() || (is_probe && (m.options.source.has_value() ||
                                               m.destination != net::solicited_node(target)))) {
        return drop(DropReason::nd_malformed);
    }
    if (!c.plan->ipv6->is_own(m.in, target)) return done(c, packet);
    if (m.options.source) {
        const Neighbour who(m.in, m.source);
        const uint32_t place = c.neighbours.find(who);
        if (place != NeighbourTable::none) learn(c, place, who, *m.options.source);
    }
    answer(c, m, target);
    return done(c, packet);
}

// RFC 4861 7.2.5: what an advertisement makes of an entry that has a MAC address already.
void update(Context& c, uint32_t place, const Neighbour& who, uint16_t flags,
            const Options& options) noexcept {
    const NeighbourLink known = c.neighbours.link(place);
    const net::MacAddress told = options.target.value_or(known.mac());
    if ((flags & net::nd::overrides) == 0 && told != known.mac()) {
        c.neighbours.move(place, reachable, stale, c.now_ms());
    } else if ((flags & net::nd::solicited) != 0) {
        c.neighbours.confirm(place, who, told, c.now_ms());
    } else if (told != known.mac()) {
        learn(c, place, who, told);
    }
}

// RFC 4861 7.1.2, 7.2.5
Verdict hear_advertisement(Context& c, Packet packet, const Heard& m, uint32_t at) noexcept {
    const auto* message = packet.header_at<net::NeighbourMessage>(at);
    const net::Ipv6Address target = message->target.host();
    const uint16_t flags = message->header.word1.host();
    const bool to_group = m.destination.is_multicast();
    if (target.is_multicast() || (to_group && (flags & net::nd::solicited) != 0)) {
        return drop(DropReason::nd_malformed);
    }
    if (c.plan->ipv6->is_own(m.in, target) && !c.plan->ipv6->is_anycast(m.in, target)) {
        return drop(DropReason::nd_own_address);
    }
    const Neighbour who(m.in, target);
    const uint32_t place = c.neighbours.find(who);
    if (place == NeighbourTable::none) return done(c, packet);
    const NeighbourLink known = c.neighbours.link(place);
    const bool is_known = !known.mac().is_zero() && known.condition() != failed;
    if (is_known && known.condition() != incomplete) {
        update(c, place, who, flags, m.options);
    } else if (m.options.target) {
        c.neighbours.confirm(place, who, *m.options.target, c.now_ms());
        c.tally(layout::Tally::nd_learned);
    }
    return done(c, packet);
}

// RFC 4861 6.1.1, 6.2.6. One that has no address yet is answered by a packet to all, in a frame to
// it alone (RFC 6085), so that nobody makes the router talk to the whole link.
Verdict hear_router_solicitation(Context& c, Packet packet, const Heard& m) noexcept {
    const bool has_none = m.source.is_unspecified();
    if (has_none && m.options.source) return drop(DropReason::nd_malformed);
    advertise(c, m.in, has_none ? net::all_nodes : m.source, m.options.source.value_or(m.station));
    return done(c, packet);
}

// The neighbour's entry waits for this answer.
bool was_asked_for(const Context& c, const Packet& packet, const Heard& m, uint32_t at) noexcept {
    const auto& message = *packet.header_at<net::NeighbourMessage>(at);
    if (message.header.type != type::neighbour_advertisement) return false;
    const uint32_t place = c.neighbours.find(Neighbour(m.in, message.target.host()));
    if (place == NeighbourTable::none) return false;
    const NeighbourCondition now = c.neighbours.link(place).condition();
    return now == incomplete || now == probe || now == failed;
}

}  // namespace

Verdict receive(Context& c, Packet packet, const Arrival& arrival, uint32_t at) noexcept {
    const net::Ipv6Header& ip = packet.ipv6();
    const auto& header = *packet.header_at<net::IcmpHeader>(at);
    const bool about_router = header.type == type::router_solicitation;
    const uint32_t fixed = about_router ? sizeof(net::IcmpHeader) : sizeof(net::NeighbourMessage);
    if (header.type == type::router_advertisement) return drop(DropReason::icmp_not_answered);
    if (layout::is_tunnel(arrival.interface)) return drop(DropReason::icmp_not_answered);
    if (ip.hop_limit != net::nd::hop_limit || header.code != 0 ||
        at + fixed > packet.contiguous()) {
        return drop(DropReason::nd_malformed);
    }
    const auto options = options_of(packet, at + fixed);
    if (!options) return drop(DropReason::nd_malformed);
    const Heard m{arrival.interface, packet.ethernet().source, ip.source_address(),
                  ip.destination_address(), *options};
    if (!c.nd_frames[m.in].take(c.now_ns, messages_per_second) &&
        (about_router || !was_asked_for(c, packet, m, at))) {
        return drop(DropReason::nd_limited);
    }
    if (about_router) return hear_router_solicitation(c, packet, m);
    return header.type == type::neighbour_solicitation ? hear_solicitation(c, packet, m, at)
                                                       : hear_advertisement(c, packet, m, at);
}

}  // namespace sluice::nd
