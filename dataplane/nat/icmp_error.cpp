// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/icmp_error.h"

#include <utility>

#include "dataplane/nat/ftp/control.h"
#include "dataplane/nat/rewrite.h"
#include "dataplane/nat/tcp_header.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

// The packet inside the error, as far as it is there.
struct Quotation {
    uint8_t* ip_header = nullptr;
    uint8_t* transport = nullptr;
    uint32_t transport_bytes = 0;
    flow::FlowKey key{};         // of the quoted packet
    uint32_t identifier_at = 0;  // in the transport header: of an ICMP query; else 0

    net::Ipv4Header& ip() const noexcept { return *reinterpret_cast<net::Ipv4Header*>(ip_header); }
    bool has_ports() const noexcept {
        return ip().protocol == net::Protocol::tcp || ip().protocol == net::Protocol::udp;
    }
};

void read_transport(Quotation& q) noexcept {
    if (q.ip().fragment_offset() != 0) return;
    constexpr uint32_t ports = 4;
    if (q.has_ports() && q.transport_bytes >= ports) {
        std::memcpy(&q.key.source_port, q.transport, 2);
        std::memcpy(&q.key.destination_port, q.transport + 2, 2);
    } else if (q.ip().protocol == net::Protocol::icmp &&
               q.transport_bytes >= sizeof(net::IcmpHeader)) {
        const auto& message = *reinterpret_cast<const net::IcmpHeader*>(q.transport);
        const QueryPart part = query_part(message.type);
        if (part == QueryPart::none) return;
        (part == QueryPart::request ? q.key.source_port : q.key.destination_port) = message.word1;
        q.identifier_at = offsetof(net::IcmpHeader, word1);
    }
}

// False where no whole IP header is quoted.
bool read_quotation(const Packet& packet, Quotation& q) noexcept {
    const net::Ipv4Header& outer = packet.ipv4();
    const uint32_t begin = ethernet_header + outer.header_length() + sizeof(net::IcmpHeader);
    const uint32_t end =
        std::min<uint32_t>(packet.contiguous(), ethernet_header + outer.total_length.host());
    if (begin + sizeof(net::Ipv4Header) > end) return false;
    q.ip_header = packet.data() + begin;
    const uint32_t length = q.ip().header_length();
    if (q.ip().version() != 4 || length < sizeof(net::Ipv4Header) || begin + length > end) {
        return false;
    }
    q.transport = q.ip_header + length;
    q.transport_bytes = end - begin - length;
    q.key.source = q.ip().source;
    q.key.destination = q.ip().destination;
    q.key.protocol = q.ip().protocol;
    read_transport(q);
    return true;
}

// Puts two bytes elsewhere's place and tells by how much the sum of words has grown.
uint32_t put(uint8_t* at, net::Be16 value) noexcept {
    net::Be16 before;
    std::memcpy(&before, at, 2);
    std::memcpy(at, &value, 2);
    return static_cast<uint16_t>(~before.raw()) + uint32_t{value.raw()};
}
uint32_t put(uint8_t* at, net::Be32 value) noexcept {
    uint16_t half[2];
    const uint32_t raw = value.raw();
    std::memcpy(half, &raw, 4);
    return put(at, net::Be16::from_raw(half[0])) + put(at + 2, net::Be16::from_raw(half[1]));
}

uint32_t put_checksum(const Quotation& q, uint32_t offset, uint16_t delta) noexcept {
    if (offset == 0 || q.transport_bytes < offset + 2) return 0;
    net::Be16 checksum;
    std::memcpy(&checksum, q.transport + offset, 2);
    const bool udp = q.ip().protocol == net::Protocol::udp;
    return put(q.transport + offset,
               udp ? add_delta_udp(checksum, delta) : flow::add_delta(checksum, delta));
}

// Makes the quoted packet what it was before the NAT had it. Returns by how much the sum of all
// its words has grown, which the error's own checksum covers.
uint16_t restore_quotation(const Quotation& q, const flow::FlowKey& was) noexcept {
    uint32_t addresses = put(q.ip_header + offsetof(net::Ipv4Header, source), was.source);
    addresses += put(q.ip_header + offsetof(net::Ipv4Header, destination), was.destination);
    uint32_t sum = addresses;
    sum += put(q.ip_header + offsetof(net::Ipv4Header, checksum),
               flow::add_delta(q.ip().checksum, net::fold(addresses)));
    uint32_t ports = 0;
    if (q.ip().fragment_offset() != 0) return net::fold(sum);
    if (q.has_ports() && q.transport_bytes >= 4) {
        ports = put(q.transport, was.source_port) + put(q.transport + 2, was.destination_port);
        sum +=
            ports + put_checksum(q, checksum_offset(q.ip().protocol), net::fold(addresses + ports));
    } else if (q.identifier_at != 0) {
        const auto& message = *reinterpret_cast<const net::IcmpHeader*>(q.transport);
        const bool asks = query_part(message.type) == QueryPart::request;
        ports = put(q.transport + q.identifier_at, asks ? was.source_port : was.destination_port);
        sum += ports + put_checksum(q, offsetof(net::IcmpHeader, checksum), net::fold(ports));
    } else {
        sum += put_checksum(q, checksum_offset(q.ip().protocol), net::fold(addresses));
    }
    return net::fold(sum);
}

// The host inside knows its segments by the numbers that it gave them (RFC 5927 4.1). Returns the
// same as restore_quotation().
uint16_t restore_sequence(Context& c, const Quotation& q, const flow::Session& session) noexcept {
    constexpr uint32_t at = offsetof(TcpHeader, sequence);
    if (q.transport_bytes < at + sizeof(net::Be32) || q.ip().fragment_offset() != 0) return 0;
    net::Be32 outside;
    std::memcpy(static_cast<void*>(&outside), q.transport + at, sizeof outside);
    const uint32_t inside = ftp::quoted_sequence(c, session, outside.host());
    const uint32_t grown = put(q.transport + at, net::be32(inside));
    return net::fold(grown + put_checksum(q, offsetof(TcpHeader, checksum), net::fold(grown)));
}

bool icmp_checksum_holds(const Packet& packet, uint32_t message) noexcept {
    const uint32_t end = ethernet_header + packet.ipv4().total_length.host();
    return end <= packet.length() && net::fold(sum_of(packet, message, end)) == 0xffff;
}

// The error goes where the session's packets in its direction go. Who sent it may be a router on
// the way and not the flow's end: from inside, such a one is given the flow's external address
// (RFC 5508 REQ-5), as nothing inside is to be seen; from outside it stays who it is.
void translate_outer(Packet packet, const flow::Session& session,
                     flow::Direction direction) noexcept {
    net::Ipv4Header& ip = packet.ipv4();
    const flow::FlowKey& other = session.other_key(direction);
    auto* bytes = reinterpret_cast<uint8_t*>(&ip);
    uint32_t delta = put(bytes + offsetof(net::Ipv4Header, destination), other.source);
    const bool is_end = ip.source == session.key(direction).source;
    if (is_end || direction == flow::Direction::outbound) {
        delta += put(bytes + offsetof(net::Ipv4Header, source), other.destination);
    }
    ip.checksum = flow::add_delta(ip.checksum, net::fold(delta));
}

}  // namespace

Verdict translate_error(Context& c, Packet packet, Arrival& arrival) noexcept {
    Quotation q;
    if (!read_quotation(packet, q)) return passed();
    // The packets that the quoted one was an answer to come the error's way.
    const flow::Flow flow = c.nat->index().find(turned(q.key));
    if (!flow.exists()) return passed();
    const flow::Session& session = c.nat->session(flow);
    // RFC 5508 REQ-3: neither the error nor what it quotes may be false.
    const uint32_t message = ethernet_header + packet.ipv4().header_length();
    if (!icmp_checksum_holds(packet, message) ||
        !net::checksum_holds(q.ip_header, q.ip().header_length())) {
        return drop(DropReason::nat_icmp_malformed);
    }
    uint32_t delta = restore_quotation(q, session.other_key(flow.direction()));
    if (flow.direction() == flow::Direction::inbound && ftp::concerns(session)) {
        delta += restore_sequence(c, q, session);
    }
    auto& icmp = *packet.header_at<net::IcmpHeader>(message);
    icmp.checksum = flow::add_delta(icmp.checksum, net::fold(delta));
    translate_outer(packet, session, flow.direction());
    arrival.translated = true;
    c.tally(layout::Tally::nat_errors_translated);
    return passed();
}

}  // namespace sluice::nat
