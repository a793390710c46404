// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/dns/answer.h"

#include "dataplane/nat/awaiting.h"
#include "dataplane/nat/dns/records.h"
#include "dataplane/nat/rewrite.h"

namespace sluice::nat::dns {
namespace {

constexpr uint16_t server_port = 53;

// The message; empty where it is not whole in the first buffer.
std::span<uint8_t> message_in(const Packet& packet, const Tuple& tuple) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    const uint32_t end = ethernet_header + ip.total_length.host();
    const uint32_t begin = tuple.transport + sizeof(net::UdpHeader);
    if (ip.is_fragment() || end > packet.contiguous() || begin > end) return {};
    return {packet.data() + begin, end - begin};
}

// Bytes at odd places count the other way round (RFC 1071 2B); the message begins at an even one.
void put(net::UdpHeader& udp, bool odd, uint8_t* at, uint32_t value) noexcept {
    const uint32_t raw = net::be32(value).raw();
    const uint16_t delta =
        net::fold(uint32_t{static_cast<uint16_t>(~net::fold(net::sum_words(at, sizeof raw)))} +
                  net::fold(net::sum_words(&raw, sizeof raw)));
    std::memcpy(at, &raw, sizeof raw);
    udp.checksum = add_delta_udp(udp.checksum, odd ? __builtin_bswap16(delta) : delta);
}

struct Outside {
    net::Ipv4Address address;
    bool for_a_while;
};

std::optional<Outside> outside_of(Context& c, net::Ipv4Address host,
                                  net::Ipv4Address client) noexcept {
    const Rule* rule = c.plan->nat->for_name(host);
    if (rule == nullptr) return {};
    if (rule->wish.kind == NatKind::fixed) {
        return Outside{{rule->pool[0].first + (host.value - rule->internal.first)}, false};
    }
    const auto address = await_host(c, *rule, host, client);
    if (!address) return {};
    return Outside{*address, true};
}

}  // namespace

bool asks(const Rule& rule, flow::Direction first, const flow::FlowKey& inside,
          const flow::FlowKey& packet) noexcept {
    if (!rule.has(layout::alg_dns) || first != flow::Direction::inbound ||
        packet.protocol != net::Protocol::udp) {
        return false;
    }
    const bool for_one_port =
        rule.wish.kind == NatKind::forward && rule.wish.first_port == rule.wish.last_port;
    return for_one_port || inside.source_port.host() == server_port;
}

void translate(Context& c, Packet packet, const Tuple& tuple,
               const flow::Session& session) noexcept {
    const std::span<uint8_t> message = message_in(packet, tuple);
    auto& udp = *reinterpret_cast<net::UdpHeader*>(packet.data() + tuple.transport);
    const net::Ipv4Address client{session.key(flow::Direction::inbound).source.host()};
    for (Records records(message); records.next_address();) {
        net::Be32 address;
        std::memcpy(static_cast<void*>(&address), records.address(), sizeof address);
        const auto outside = outside_of(c, {address.host()}, client);
        if (!outside) continue;
        const bool odd = ((records.address() - message.data()) & 1) != 0;
        put(udp, odd, records.address(), outside->address.value);
        if (outside->for_a_while) put(udp, odd, records.ttl(), 0);
    }
}

}  // namespace sluice::nat::dns
