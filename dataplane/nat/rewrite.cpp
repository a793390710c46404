// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/rewrite.h"

#include <array>

namespace sluice::nat {
namespace {

void add_to_checksum(uint8_t* transport, uint8_t protocol, uint16_t delta) noexcept {
    const uint32_t offset = checksum_offset(protocol);
    if (offset == 0) return;
    net::Be16 checksum;
    std::memcpy(&checksum, transport + offset, sizeof checksum);
    checksum = protocol == net::Protocol::udp ? add_delta_udp(checksum, delta)
                                              : flow::add_delta(checksum, delta);
    std::memcpy(transport + offset, &checksum, sizeof checksum);
}

struct Change {
    net::Be32 source, destination;
    net::Be16 source_port, destination_port;
    uint16_t network, transport;  // deltas
};

void write(Packet packet, const Tuple& tuple, const Change& to) noexcept {
    net::Ipv4Header& ip = packet.ipv4();
    ip.source = to.source;
    ip.destination = to.destination;
    ip.checksum = flow::add_delta(ip.checksum, to.network);

    uint8_t* header = packet.data() + tuple.transport;
    if (tuple.kind == Tuple::Kind::ports) {
        std::memcpy(header, &to.source_port, 2);
        std::memcpy(header + 2, &to.destination_port, 2);
        add_to_checksum(header, ip.protocol, to.transport);
    } else if (tuple.kind == Tuple::Kind::query) {
        auto& message = *reinterpret_cast<net::IcmpHeader*>(header);
        const bool asks = query_part(message.type) == QueryPart::request;
        message.word1 = asks ? to.source_port : to.destination_port;
        message.checksum = flow::add_delta(message.checksum, ports_delta(to.transport, to.network));
    } else if (tuple.kind == Tuple::Kind::addresses) {
        add_to_checksum(header, ip.protocol, to.network);
    }
}

}  // namespace

// A flow leaves as the other flow's key, turned round.
void rewrite(Packet packet, const Tuple& tuple, const flow::Session& session,
             flow::Direction direction) noexcept {
    const flow::FlowKey& other = session.other_key(direction);
    write(packet, tuple,
          {other.destination, other.source, other.destination_port, other.source_port,
           session.network_delta(direction), session.transport_delta(direction)});
}

void undo(Packet packet, const Tuple& tuple, const flow::Session& session,
          flow::Direction way_back) noexcept {
    const flow::FlowKey& was = session.other_key(way_back);
    write(packet, tuple,
          {was.source, was.destination, was.source_port, was.destination_port,
           session.network_delta(way_back), session.transport_delta(way_back)});
}

uint64_t sum_of(const Packet& packet, uint32_t begin, uint32_t end) noexcept {
    std::array<uint8_t, 256> part;
    uint64_t sum = 0;
    for (uint32_t at = begin; at < end; at += part.size()) {
        const auto wanted = std::min<uint32_t>(part.size(), end - at);
        sum += net::sum_words(part.data(), packet.copy_out(at, part.data(), wanted));
    }
    return sum;
}

}  // namespace sluice::nat
