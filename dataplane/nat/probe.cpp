// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/probe.h"

#include <optional>

#include "dataplane/ipv4/own.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/nat/tcp_header.h"
#include "dataplane/nat/translator.h"
#include "lib/nat/random.h"

namespace sluice::nat {
namespace {

constexpr uint32_t payload_at = ethernet_header + sizeof(net::Ipv4Header);

struct Echo {
    net::IcmpHeader header;
    net::Be32 secret;
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

void send_echo(Context& c, const Way& way, uint16_t target, uint32_t secret) noexcept {
    Packet packet;
    Echo* echo = begin<Echo>(c, packet);
    if (echo == nullptr) return;
    echo->header.type = net::icmp::echo_request;
    echo->header.word1 = net::be16(probe_port);
    echo->header.word2 = net::be16(target);
    echo->secret = net::be32(secret);
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

// The target of that number, if it is probed like that and has that address.
const Probed* probed(const Context& c, uint32_t target, layout::NatProbe kind,
                     net::Ipv4Address address) noexcept {
    if (c.plan->nat == nullptr) return nullptr;
    const Probed* p = c.plan->nat->probed(target);
    return p != nullptr && p->kind == kind && p->address == address ? p : nullptr;
}

}  // namespace

ProbeAnswers::ProbeAnswers() : secret_(Random().below(~uint32_t{0})) {}

void send_probe(Context& c, uint16_t target) noexcept {
    if (c.nat == nullptr || c.plan->nat == nullptr) return;
    const Probed* p = c.plan->nat->probed(target);
    if (p == nullptr) return;
    const auto way = way_to(c, p->address);
    if (!way) return;
    const uint32_t secret = c.nat->shared().answers.secret();
    if (p->kind == layout::NatProbe::icmp) return send_echo(c, *way, target, secret);
    send_segment(c, *way, {p->port, secret + target, tcp::syn});
}

bool hear_echo_reply(Context& c, Packet packet) noexcept {
    if (c.nat == nullptr) return false;
    const net::Ipv4Header& ip = packet.ipv4();
    const auto* echo = packet.header_at<Echo>(ethernet_header + ip.header_length());
    ProbeAnswers& answers = c.nat->shared().answers;
    if (echo == nullptr || echo->header.word1.host() != probe_port ||
        echo->secret.host() != answers.secret()) {
        return false;
    }
    const uint16_t target = echo->header.word2.host();
    if (probed(c, target, layout::NatProbe::icmp, ip.source_address()) == nullptr) return false;
    answers.hear(target);
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
    ProbeAnswers& answers = c.nat->shared().answers;
    const uint32_t target = tcp->acknowledgement.host() - 1 - answers.secret();
    const Probed* p = probed(c, target, layout::NatProbe::tcp, ip.source_address());
    if (p == nullptr || p->port != tcp->source_port.host()) return false;
    answers.hear(static_cast<uint16_t>(target));
    send_segment(c, {ip.destination_address(), ip.source_address()},
                 {p->port, tcp->acknowledgement.host(), tcp::rst});
    c.pool.free(packet);
    return true;
}

}  // namespace sluice::nat
