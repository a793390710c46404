// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/icmp/error.h"

#include <optional>

#include "dataplane/ipv4/own.h"
#include "dataplane/ipv4/screen_source.h"
#include "lib/net/checksum.h"

namespace sluice::icmp {
namespace {

namespace type = net::icmp;
constexpr uint32_t largest_error = 576;  // with its IP header (RFC 1812 4.3.2.3)

struct Message {
    uint8_t type;
    uint8_t code;
    uint32_t rest;  // the second word: next-hop MTU, pointer, gateway
};

// What a source is told, reason by reason. Reasons that are not here are silent.
std::optional<Message> message_for(Verdict why) noexcept {
    const auto unreachable = [](uint8_t code) { return Message{type::unreachable, code, 0}; };
    switch (why.reason) {
        case DropReason::no_route:
        case DropReason::next_hop_unknown: return unreachable(type::net_unreachable);
        case DropReason::route_unreachable:
        case DropReason::no_live_next_hop:
        case DropReason::interface_down:
        case DropReason::neighbour_failed: return unreachable(type::host_unreachable);
        case DropReason::protocol_unreachable: return unreachable(type::protocol_unreachable);
        case DropReason::nat_syn_unanswered:  // RFC 5382 REQ-4
        case DropReason::port_unreachable: return unreachable(type::port_unreachable);
        case DropReason::nat_no_port:  // RFC 6888 REQ-11, RFC 5508 REQ-8
        case DropReason::nat_table_full:
        case DropReason::nat_subscriber_limit:
        case DropReason::route_prohibited: return unreachable(type::administratively_prohibited);
        case DropReason::source_route_failed: return unreachable(type::source_route_failed);
        case DropReason::too_big:  // RFC 1191: the low half of the word is the next link's MTU
            return Message{type::unreachable, type::fragmentation_needed, why.detail};
        case DropReason::ttl_expired: return Message{type::time_exceeded, 0, 0};
        case DropReason::reassembly_timeout: return Message{type::time_exceeded, 1, 0};
        case DropReason::option_malformed:  // the high byte points at what is wrong
            return Message{type::parameter_problem, 0, why.detail << 24};
        default: return std::nullopt;
    }
}

bool quotes_an_error(const Packet& packet, const net::Ipv4Header& ip) noexcept {
    if (ip.protocol != net::Protocol::icmp) return false;
    uint8_t kind = 0;
    // A message too short to have a type is not worth an answer either.
    return packet.copy_out(ethernet_header + ip.header_length(), &kind, 1) != 1 ||
           type::is_error(kind);
}

bool may_be_told(const Context& c, const Packet& packet, const Arrival& arrival) noexcept {
    if (arrival.is_own() || arrival.to_group) return false;
    const net::Ipv4Header& ip = packet.ipv4();
    const net::Ipv4Address to = ip.destination_address();
    return ip.fragment_offset() == 0 && !to.is_multicast() && !to.is_limited_broadcast() &&
           c.plan->adjacencies[fib::find(*c.routes, to.value)].kind != NextHopKind::broadcast &&
           !ipv4::is_martian(ip.source_address()) && !quotes_an_error(packet, ip);
}

void send(Context& c, Packet about, const Arrival& arrival, Message m) noexcept {
    const net::Ipv4Header& quoted = about.ipv4();
    const auto source = ipv4::own_source(c, arrival.interface, quoted.source_address());
    if (!source) return;  // a router without any address can not speak
    if (!c.limiter.allow(quoted.source_address(), c.now_ns, c.plan->icmp)) {
        c.tally(layout::Tally::icmp_errors_limited);
        return;
    }
    Packet packet = c.pool.allocate();
    if (!packet) return;

    constexpr uint32_t headers = sizeof(net::Ipv4Header) + sizeof(net::IcmpHeader);
    constexpr uint32_t quote_at = ethernet_header + headers;
    const uint32_t room = packet.contiguous() + packet.tailroom() - quote_at;
    const uint32_t wanted = std::min<uint32_t>(quoted.total_length.host(), largest_error - headers);
    const uint32_t quote =
        about.copy_out(ethernet_header, packet.data() + quote_at, std::min(wanted, room));
    packet.set_length(quote_at + quote);

    auto& message = *packet.header_at<net::IcmpHeader>(ethernet_header + sizeof(net::Ipv4Header));
    message.type = m.type;
    message.code = m.code;
    message.checksum = net::be16(0);
    message.word1 = net::be16(static_cast<uint16_t>(m.rest >> 16));
    message.word2 = net::be16(static_cast<uint16_t>(m.rest));
    message.checksum = net::checksum_of(net::sum_words(&message, sizeof message + quote));

    // RFC 1812 4.3.2.5: errors carry precedence 6, internetwork control.
    ipv4::fill_own_header(c, packet, net::Protocol::icmp, *source, quoted.source_address(), 0xc0);
    c.tally(m.type == type::redirect ? layout::Tally::icmp_redirects_sent
                                     : layout::Tally::icmp_errors_sent);
    (void)note(c, layout::Step::icmp_error, passed(), arrival.interface, quoted.source.host(),
               static_cast<uint32_t>(m.type << 8 | m.code));
    ipv4::send_own(c, packet);
}

}  // namespace

void tell_source(Context& c, Packet packet, const Arrival& arrival, Verdict why) noexcept {
    const auto message = message_for(why);
    if (message && may_be_told(c, packet, arrival)) send(c, packet, arrival, *message);
}

void send_redirect(Context& c, Packet packet, const Arrival& arrival,
                   net::Ipv4Address gateway) noexcept {
    constexpr uint8_t for_the_host = 1;
    if (!may_be_told(c, packet, arrival)) return;
    send(c, packet, arrival, {type::redirect, for_the_host, gateway.value});
}

bool RateLimiter::allow_by_hash(uint32_t hash, uint64_t now_ns,
                                const layout::IcmpSettings& limits) noexcept {
    // The source's own first, so that one loud source does not use up what all share.
    TokenBucket& own = by_source_[hash >> 22];
    if (!own.take(now_ns, limits.errors_per_source_per_second)) return false;
    if (all_.take(now_ns, limits.errors_per_second)) return true;
    own.give_back(limits.errors_per_source_per_second);
    return false;
}

}  // namespace sluice::icmp
