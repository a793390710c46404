// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/dns/answer.h"

#include <algorithm>
#include <array>

#include "dataplane/nat/awaiting.h"
#include "dataplane/nat/dns/names.h"
#include "dataplane/nat/dns/records.h"
#include "dataplane/nat/rewrite.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat::dns {
namespace {

constexpr uint16_t server_port = 53;
constexpr size_t longest_message = 4096;  // with names of addresses

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
    if (rule->wish.kind == NatKind::fixed) return Outside{rule->external_of(host), false};
    const auto address = await_host(c, *rule, host, client);
    if (!address) return {};
    return Outside{*address, true};
}

// As names of hosts inside are outside, by the addresses that they have there now.
class Outward : public OtherSide {
  public:
    explicit Outward(const Context& c) noexcept : c_(c) {}
    std::optional<net::Ipv4Address> of(net::Ipv4Address host) noexcept override {
        const Rule* rule = c_.plan->nat->for_name(host);
        if (rule == nullptr) return {};
        if (rule->wish.kind == NatKind::fixed) return rule->external_of(host);
        const MappingId id = c_.nat->shared().mappings.find_external(
            PortClass::address, {host.value, rule->wish.id}, 0);
        const auto at = std::ranges::find(rule->externals, id.address_index(), &External::number);
        if (!id.exists() || at == rule->externals.end()) return {};
        return at->address;
    }

  private:
    const Context& c_;
};

class Inward : public OtherSide {
  public:
    explicit Inward(const Context& c) noexcept : c_(c) {}
    std::optional<net::Ipv4Address> of(net::Ipv4Address external) noexcept override {
        if (!c_.plan->nat->is_external(external)) return {};
        for (const Rule& rule : c_.plan->nat->all()) {
            const bool is_its =
                rule.wish.kind == NatKind::fixed && Rule::is_in(rule.pool, external);
            if (is_its) return rule.host_of(external);
        }
        const auto number = c_.plan->nat->number_of(external);
        const auto mapped = number ? c_.nat->find_mapping(*number, 0, 0) : std::nullopt;
        if (!mapped) return {};
        return net::Ipv4Address{mapped->endpoint.address};
    }

  private:
    const Context& c_;
};

// Of the whole UDP datagram, but for its checksum.
uint32_t sum_of(const net::UdpHeader& udp, std::span<const uint8_t> message) noexcept {
    return net::fold(net::sum_words(message.data(), message.size())) +
           2u * udp.length.raw();  // which the pseudo-header has, too
}

void replace(Packet packet, const Tuple& tuple, std::span<uint8_t> message,
             std::span<const uint8_t> by) noexcept {
    const auto longer = static_cast<uint32_t>(by.size() - message.size());  // or wraps
    net::Ipv4Header& ip = packet.ipv4();
    const bool grows = by.size() > message.size();
    if (packet.segments() != 1 || (grows && longer > packet.tailroom())) return;
    if (grows && ip.total_length.host() + longer > 0xffff) return;
    auto& udp = *reinterpret_cast<net::UdpHeader*>(packet.data() + tuple.transport);
    const uint16_t without = static_cast<uint16_t>(~net::fold(sum_of(udp, message)));
    std::memcpy(message.data(), by.data(), by.size());
    packet.set_length(packet.length() + longer);
    udp.length = net::be16(static_cast<uint16_t>(udp.length.host() + longer));
    const net::Be16 before = ip.total_length;
    ip.total_length = net::be16(static_cast<uint16_t>(before.host() + longer));
    ip.checksum = net::checksum_adjust(ip.checksum, before, ip.total_length);
    udp.checksum = add_delta_udp(
        udp.checksum,
        net::fold(uint32_t{without} + net::fold(sum_of(udp, {message.data(), by.size()}))));
}

// The names of addresses.
void rename(Packet packet, const Tuple& tuple, std::span<uint8_t> message,
            OtherSide& other) noexcept {
    const auto& udp = *reinterpret_cast<net::UdpHeader*>(packet.data() + tuple.transport);
    if (message.empty() || udp.length.host() != sizeof udp + message.size()) return;
    std::array<uint8_t, longest_message> room;
    const size_t size = copy_with_names(message, room, other);
    if (size > 0) replace(packet, tuple, message, std::span(room).first(size));
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

void translate(Context& c, Packet packet, const Tuple& tuple, const flow::Session& session,
               flow::Direction direction) noexcept {
    const std::span<uint8_t> message = message_in(packet, tuple);
    if (direction == flow::Direction::inbound) {
        Inward inward(c);
        return rename(packet, tuple, message, inward);
    }
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
    Outward outward(c);
    rename(packet, tuple, message, outward);
}

}  // namespace sluice::nat::dns
