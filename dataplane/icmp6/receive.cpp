// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/icmp6/receive.h"

#include "dataplane/checksum.h"
#include "dataplane/ipv6/own.h"
#include "dataplane/nd/receive.h"

namespace sluice::icmp6 {
namespace {

namespace type = net::icmp6;

// RFC 4443 4.2: from the address that was asked, if that is a single interface's.
std::optional<net::Ipv6Address> source_of_reply(const Context& c, const net::Ipv6Header& asked,
                                                InterfaceId in) noexcept {
    const net::Ipv6Address to = asked.destination_address();
    const bool is_several = to.is_multicast() || [&] {
        const ipv6::Way* way = c.plan->ipv6->find(to);
        return way != nullptr && c.plan->ipv6->is_anycast(way->interface, to);
    }();
    return is_several ? c.plan->ipv6->source_towards(in, asked.source_address())
                      : std::optional(to);
}

Verdict answer_echo(Context& c, Packet packet, const Arrival& arrival, uint32_t at) noexcept {
    const net::Ipv6Address asker = packet.ipv6().source_address();
    const auto source = source_of_reply(c, packet.ipv6(), arrival.interface);
    if (asker.is_unspecified() || !source) return drop(DropReason::icmp_not_answered);
    // Extension headers do not go back: the reply begins where the message does.
    packet.pull(at - ethernet_header - static_cast<uint32_t>(sizeof(net::Ipv6Header)));
    ipv6::fill_own_header(packet, net::Protocol::icmp6, *source, asker);
    packet.header_at<net::IcmpHeader>(ethernet_header + sizeof(net::Ipv6Header))->type =
        type::echo_reply;
    ipv6::fill_icmp6_checksum(packet);
    c.tally(layout::Tally::icmp_echo_replies_sent);
    ipv6::send_own(c, packet, arrival.interface);
    return finished();
}

bool checksum_holds(const Packet& packet, uint32_t at) noexcept {
    const uint32_t length = packet.length() - at;
    return net::fold(sum_of(packet, at, length) +
                     net::pseudo_sum(packet.ipv6(), length, net::Protocol::icmp6)) == 0xffff;
}

}  // namespace

Verdict receive(Context& c, Packet packet, const Arrival& arrival, uint32_t at) noexcept {
    const auto* message = packet.header_at<net::IcmpHeader>(at);
    if (message == nullptr || !checksum_holds(packet, at)) return drop(DropReason::icmp_malformed);
    switch (message->type) {
        case type::echo_request: return answer_echo(c, packet, arrival, at);
        case type::router_solicitation:
        case type::router_advertisement:
        case type::neighbour_solicitation:
        case type::neighbour_advertisement:
            return note(c, layout::Step::nd_receive, nd::receive(c, packet, arrival, at),
                        arrival.interface);
        default: return drop(DropReason::icmp_not_answered);
    }
}

}  // namespace sluice::icmp6
