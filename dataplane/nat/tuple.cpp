// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/tuple.h"

namespace sluice::nat {
namespace {

using Kind = Tuple::Kind;

void read_ports(Tuple& t, const uint8_t* header, uint32_t available) noexcept {
    if (available < checksum_offset(t.key.protocol) + sizeof(net::Be16)) return;
    std::memcpy(&t.key.source_port, header, sizeof t.key.source_port);
    std::memcpy(&t.key.destination_port, header + 2, sizeof t.key.destination_port);
    if (t.is_tcp()) t.tcp_flags = header[13];
    t.kind = Kind::ports;
}

void read_icmp(Tuple& t, const uint8_t* header, uint32_t available) noexcept {
    if (available < sizeof(net::IcmpHeader)) return;
    const auto& message = *reinterpret_cast<const net::IcmpHeader*>(header);
    const QueryPart part = query_part(message.type);
    if (net::icmp::is_error(message.type)) {
        t.kind = Kind::error;
    } else if (part == QueryPart::none) {
        t.kind = Kind::addresses;
    } else {
        t.kind = Kind::query;
        (part == QueryPart::request ? t.key.source_port : t.key.destination_port) = message.word1;
    }
}

}  // namespace

QueryPart query_part(uint8_t icmp_type) noexcept {
    switch (icmp_type) {
        case net::icmp::echo_request:
        case net::icmp::timestamp_request:
        case net::icmp::information_request:
        case net::icmp::mask_request: return QueryPart::request;
        case net::icmp::echo_reply:
        case net::icmp::timestamp_reply:
        case net::icmp::information_reply:
        case net::icmp::mask_reply: return QueryPart::reply;
        default: return QueryPart::none;
    }
}

Tuple read_tuple(const Packet& packet) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    Tuple t;
    t.transport = ethernet_header + ip.header_length();
    t.key = {.source = ip.source,
             .destination = ip.destination,
             .source_port = net::be16(0),
             .destination_port = net::be16(0),
             .protocol = ip.protocol,
             .realm = 0,
             .reserved = {}};
    if (ip.fragment_offset() != 0) {
        t.kind = Kind::fragment;
        return t;
    }
    const uint32_t end =
        std::min<uint32_t>(packet.contiguous(), ethernet_header + ip.total_length.host());
    const uint32_t available = end > t.transport ? end - t.transport : 0;
    const uint8_t* header = packet.data() + t.transport;
    if (ip.protocol == net::Protocol::tcp || ip.protocol == net::Protocol::udp) {
        read_ports(t, header, available);
    } else if (ip.protocol == net::Protocol::icmp) {
        read_icmp(t, header, available);
    } else if (available >= checksum_offset(ip.protocol) + sizeof(net::Be16)) {
        t.kind = Kind::addresses;
    } else if (checksum_offset(ip.protocol) == 0) {
        t.kind = Kind::addresses;
    }
    return t;
}

}  // namespace sluice::nat
