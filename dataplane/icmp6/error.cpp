// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/icmp6/error.h"

#include <optional>

#include "dataplane/icmp/error.h"
#include "dataplane/ipv6/extensions.h"
#include "dataplane/ipv6/own.h"
#include "dataplane/ipv6/screen_source.h"

namespace sluice::icmp6 {
namespace {

namespace type = net::icmp6;

struct Message {
    uint8_t type;
    uint8_t code;
    uint32_t rest;                 // the second word: MTU, pointer
    bool about_group_too = false;  // even if the packet was to a group
};

// RFC 8200 4.2: the highest two bits of an option that is refused say who is told.
std::optional<Message> message_about_extension(const Packet& packet, uint32_t at) noexcept {
    const auto payload = ipv6::payload_of(packet);
    if (!payload) return std::nullopt;
    if (payload->protocol == net::extension::routing) {
        return Message{type::parameter_problem, 0, at};
    }
    const unsigned wish = *(packet.data() + ethernet_header + at) >> 6;
    if (wish < 2) return std::nullopt;
    return Message{type::parameter_problem, type::unknown_option, at, wish == 2};
}

// What a source is told, reason by reason. Reasons that are not here are silent.
std::optional<Message> message_for(const Packet& packet, Verdict why) noexcept {
    const auto unreachable = [](uint8_t code) { return Message{type::unreachable, code, 0}; };
    switch (why.reason) {
        case DropReason::no_route: return unreachable(type::no_route);
        case DropReason::route_prohibited: return unreachable(type::prohibited);
        case DropReason::ipv6_beyond_link:  // of the source; who sends to such an address knows it
            if (!packet.ipv6().source_address().is_link_local()) return std::nullopt;
            return unreachable(type::beyond_scope);
        case DropReason::route_unreachable:
        case DropReason::interface_down:
        case DropReason::tunnel_back:
        case DropReason::neighbour_failed: return unreachable(type::address_unreachable);
        case DropReason::port_unreachable: return unreachable(type::port_unreachable);
        case DropReason::too_big: return Message{type::too_big, 0, why.detail, true};
        case DropReason::ttl_expired: return Message{type::time_exceeded, 0, 0};
        case DropReason::protocol_unreachable:
            return Message{type::parameter_problem, type::unknown_next_header, why.detail};
        case DropReason::ipv6_extension: return message_about_extension(packet, why.detail);
        default: return std::nullopt;
    }
}

// An error or a redirect, or what may be one as far as can be seen.
bool quotes_an_error(const Packet& packet) noexcept {
    const auto payload = ipv6::payload_of(packet);
    if (!payload) return true;
    if (payload->protocol != net::Protocol::icmp6) return false;
    uint8_t kind = 0;
    return payload->is_later_fragment || packet.copy_out(payload->at, &kind, 1) != 1 ||
           type::is_error(kind) || kind == type::redirect;
}

bool may_be_told(const Packet& packet, const Arrival& arrival, const Message& m) noexcept {
    if (arrival.is_own()) return false;
    const net::Ipv6Header& ip = packet.ipv6();
    const bool to_group = arrival.to_group || ip.destination_address().is_multicast();
    return (m.about_group_too || !to_group) && !ipv6::is_martian(ip.source_address()) &&
           !quotes_an_error(packet);
}

void send(Context& c, Packet about, const Arrival& arrival, const Message& m) noexcept {
    const net::Ipv6Address to = about.ipv6().source_address();
    const auto source = c.plan->ipv6->source_towards(arrival.interface, to);
    if (!source) return;  // a router without any address can not speak
    if (!c.limiter.allow(to, c.now_ns, c.plan->icmp)) {
        c.tally(layout::Tally::icmp_errors_limited);
        return;
    }
    Packet packet = c.pool.allocate();
    if (!packet) return;
    constexpr uint32_t message_at = ethernet_header + sizeof(net::Ipv6Header);
    constexpr uint32_t quote_at = message_at + sizeof(net::IcmpHeader);
    // RFC 4443 2.4 c: as much as fits what every link takes.
    constexpr uint32_t most = ethernet_header + net::least_ipv6_mtu - quote_at;
    const uint32_t room = packet.contiguous() + packet.tailroom() - quote_at;
    const uint32_t quote = about.copy_out(ethernet_header, packet.data() + quote_at,
                                          std::min({about.ipv6().total_length(), most, room}));
    packet.set_length(quote_at + quote);
    *packet.header_at<net::IcmpHeader>(message_at) = {
        m.type, m.code, net::be16(0), net::be16(static_cast<uint16_t>(m.rest >> 16)),
        net::be16(static_cast<uint16_t>(m.rest))};
    ipv6::fill_own_header(packet, net::Protocol::icmp6, *source, to);
    ipv6::fill_icmp6_checksum(packet);
    c.tally(layout::Tally::icmp_errors_sent);
    (void)note(c, layout::Step::icmp_error, passed(), arrival.interface, 0,
               static_cast<uint32_t>(m.type << 8 | m.code));
    ipv6::send_own(c, packet, arrival.interface);
}

}  // namespace

void tell_source(Context& c, Packet packet, const Arrival& arrival, Verdict why) noexcept {
    if (c.plan->ipv6 == nullptr || packet.header_at<net::Ipv6Header>(ethernet_header) == nullptr) {
        return;
    }
    const auto message = message_for(packet, why);
    if (message && may_be_told(packet, arrival, *message)) send(c, packet, arrival, *message);
}

}  // namespace sluice::icmp6
