// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/probe.h"

#include <optional>

#include "dataplane/ipv4/own.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/nat/tcp_header.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

constexpr uint32_t payload_at = ethernet_header + sizeof(net::Ipv4Header);

struct Echo {
    net::IcmpHeader header;
    net::Be32 number;
};
static_assert(sizeof(Echo) == 12);

struct Way {
    net::Ipv4Address source, target;
};

// From the address that is nearest to the target.
std::optional<Way> way_to(const Context& c, net::Ipv4Address target) noexcept {
    ipv4::Route route;
    const Verdict found = ipv4::find_route(c, target, 0, route);
    if (!found.is_passed() || !route.leads_out()) return std::nullopt;
    const auto source = ipv4::own_source(c, route.adjacency.interface, route.next_hop);
    if (!source) return std::nullopt;
    return Way{*source, target};
}

template <typename Payload>
Payload* begin(Context& c, Packet& packet) noexcept {
    packet = c.pool.allocate();
    if (!packet) return nullptr;
    packet.set_length(payload_at + sizeof(Payload));
    auto* payload = packet.header_at<Payload>(payload_at);
    *payload = {};
    return payload;
}

void send_echo(Context& c, const Way& way, uint16_t target, uint32_t number) noexcept {
    Packet packet;
    Echo* echo = begin<Echo>(c, packet);
    if (echo == nullptr) return;
    echo->header.type = net::icmp::echo_request;
    echo->header.word1 = net::be16(probe_port);
    echo->header.word2 = net::be16(target);
    echo->number = net::be32(number);
    echo->header.checksum = net::checksum_of(net::sum_words(echo, sizeof *echo));
    ipv4::fill_own_header(c, packet, net::Protocol::icmp, way.source, way.target, 0);
    ipv4::send_own(c, packet);
}

struct Segment {
    uint16_t port;
    uint32_t sequence;
    uint8_t flags;
};
void send_segment(Context& c, const Way& way, const Segment& segment) noexcept {
    Packet packet;
    TcpHeader* header = begin<TcpHeader>(c, packet);
    if (header == nullptr) return;
    header->source_port = net::be16(probe_port);
    header->destination_port = net::be16(segment.port);
    header->sequence = net::be32(segment.sequence);
    header->offset = tcp_offset;
    header->flags = segment.flags;
    header->window = net::be16(segment.flags == tcp::syn ? 1024 : 0);
    ipv4::fill_own_header(c, packet, net::Protocol::tcp, way.source, way.target, 0);
    header->checksum = checksum_of(*header, packet.ipv4());
    ipv4::send_own(c, packet);
}

// Of the targets that have the address and are probed like that, those whose probe it answers.
bool hear(const Context& c, const Probed& who, uint32_t number) noexcept {
    if (c.plan->nat == nullptr) return false;
    bool heard = false;
    for (const uint16_t target : c.plan->nat->probed_at(who.address)) {
        if (*c.plan->nat->probed(target) != who) continue;
        heard |= c.nat->shared().answers.hear(target, number);
    }
    return heard;
}

}  // namespace

void send_probe(Context& c, uint16_t target) noexcept {
    if (c.nat == nullptr || c.plan->nat == nullptr) return;
    const Probed* p = c.plan->nat->probed(target);
    if (p == nullptr) return;
    const auto way = way_to(c, p->address);
    if (!way) return;
    const uint32_t number = c.nat->mapper().random().below(~uint32_t{0}) + 1;
    c.nat->shared().answers.ask(target, number);
    if (p->kind == layout::NatProbe::icmp) return send_echo(c, *way, target, number);
    send_segment(c, *way, {p->port, number, tcp::syn});
}

bool hear_echo_reply(Context& c, Packet packet) noexcept {
    if (c.nat == nullptr) return false;
    const net::Ipv4Header& ip = packet.ipv4();
    const auto* echo = packet.header_at<Echo>(ethernet_header + ip.header_length());
    if (echo == nullptr || echo->header.word1.host() != probe_port) return false;
    const Probed who{layout::NatProbe::icmp, ip.source_address(), 0};
    if (!hear(c, who, echo->number.host())) return false;
    c.pool.free(packet);
    return true;
}

bool hear_segment(Context& c, Packet packet) noexcept {
    if (c.nat == nullptr) return false;
    const net::Ipv4Header& ip = packet.ipv4();
    const auto* tcp = packet.header_at<TcpHeader>(ethernet_header + ip.header_length());
    if (tcp == nullptr || tcp->destination_port.host() != probe_port ||
        (tcp->flags & (tcp::syn | tcp::ack | tcp::rst)) != (tcp::syn | tcp::ack)) {
        return false;
    }
    const Probed who{layout::NatProbe::tcp, ip.source_address(), tcp->source_port.host()};
    if (!hear(c, who, tcp->acknowledgement.host() - 1)) return false;
    send_segment(c, {ip.destination_address(), ip.source_address()},
                 {who.port, tcp->acknowledgement.host(), tcp::rst});
    c.pool.free(packet);
    return true;
}

}  // namespace sluice::nat
