// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/receive.h"

#include "dataplane/checksum.h"
#include "dataplane/ipv4/own.h"
#include "dataplane/ipv4/validate.h"
#include "dataplane/tunnel/bridge.h"
#include "dataplane/tunnel/ecn.h"
#include "dataplane/tunnel/gre.h"
#include "dataplane/tunnel/send.h"
#include "dataplane/tunnel/tunnels.h"
#include "dataplane/tunnel/udp.h"
#include "lib/layout/tunnel.h"

namespace sluice::tunnel {
namespace {

using layout::TunnelKind;

constexpr auto transparent_bridging = static_cast<uint16_t>(net::EtherType::transparent_bridging);

// What the outer headers said.
struct Opened {
    const Tunnel* tunnel = nullptr;
    uint32_t headers = 0;   // bytes in front of what is inside
    uint16_t protocol = 0;  // of what is inside, by EtherType
    Ecn ecn = Ecn::not_capable;
};

Ends ends_of(const net::Ipv4Header& ip, TunnelKind kind) noexcept {
    return Ends::of(kind, ip.destination.host(), ip.source.host());
}

// RFC 2890 2.2: late is what comes after one with a higher number. Numbers wrap.
bool is_late(Context& c, const Tunnel& t, uint32_t number) noexcept {
    auto& expected = c.tunnels[t.interface - layout::max_ports].expected;
    uint32_t lowest = expected.load(std::memory_order_relaxed);
    do {
        if (static_cast<int32_t>(number - lowest) < 0) return true;
    } while (!expected.compare_exchange_weak(lowest, number + 1, std::memory_order_relaxed));
    return false;
}

// GRE's header is there; `ends` says by what else it came.
Verdict open_gre(Context& c, const Packet& packet, uint32_t at, Ends ends,
                 Opened& opened) noexcept {
    gre::Fields fields;
    if (!gre::read(packet, at, packet.length(), fields)) return drop(DropReason::gre_malformed);
    if (fields.has(gre::has_checksum) && !gre::checksum_holds(packet, at, packet.length())) {
        return drop(DropReason::gre_bad_checksum);
    }
    if (fields.has(gre::has_key)) ends = ends.with_key(fields.key);
    opened.tunnel = c.plan->tunnels->find(ends);
    if (opened.tunnel == nullptr) return drop(DropReason::tunnel_unknown);
    if (fields.has(gre::has_sequence) && opened.tunnel->wish.sequence != 0 &&
        is_late(c, *opened.tunnel, fields.sequence)) {
        return drop(DropReason::gre_late);
    }
    opened.headers = at - ethernet_header + fields.length;
    opened.protocol = fields.protocol;
    return passed();
}

Verdict open_ipip(Context& c, const Packet& packet, Opened& opened) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    opened.tunnel = c.plan->tunnels->find(ends_of(ip, TunnelKind::ipip));
    if (opened.tunnel == nullptr) return drop(DropReason::tunnel_unknown);
    opened.headers = ip.header_length();
    opened.protocol = static_cast<uint16_t>(
        ip.protocol == net::Protocol::ipv6 ? net::EtherType::ipv6 : net::EtherType::ipv4);
    return passed();
}

// RFC 768: the length covers the header; the checksum is over a pseudo-header, too. RFC 8086 3.2.3:
// zero says that there is none.
bool udp_checksum_holds(const Packet& packet, uint32_t at, const net::UdpHeader& udp) noexcept {
    if (udp.checksum == net::be16(0)) return true;
    const net::Ipv4Header& ip = packet.ipv4();
    const uint32_t length = udp.length.host();
    const uint64_t sum = uint64_t{sum_of(packet, at, length)} + net::sum_words(&ip.source, 8) +
                         net::be16(static_cast<uint16_t>(net::Protocol::udp)).raw() +
                         udp.length.raw();
    return net::fold(sum) == 0xffff;
}

// RFC 8086: what follows UDP's header ends where it says, which may be before IP's end.
Verdict open_udp(Context& c, Packet packet, Opened& opened) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    const uint32_t at = ethernet_header + ip.header_length();
    const auto* udp = packet.header_at<net::UdpHeader>(at);
    if (udp == nullptr || udp->length.host() < udp_header ||
        at + udp->length.host() > packet.length()) {
        return drop(DropReason::tunnel_udp_malformed);
    }
    if (!udp_checksum_holds(packet, at, *udp)) return drop(DropReason::tunnel_udp_checksum);
    const Ends ends = ends_of(ip, TunnelKind::gre).with_udp(udp->destination_port.host());
    if (const Packet rest = packet.cut(at + udp->length.host())) c.pool.free(rest);
    return open_gre(c, packet, at + udp_header, ends, opened);
}

Verdict open_outer(Context& c, const Packet& packet, Opened& opened) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    switch (static_cast<net::Protocol>(ip.protocol)) {
        case net::Protocol::gre: {
            const uint32_t at = ethernet_header + ip.header_length();
            return open_gre(c, packet, at, ends_of(ip, TunnelKind::gre), opened);
        }
        case net::Protocol::udp: return open_udp(c, packet, opened);
        default: return open_ipip(c, packet, opened);
    }
}

// A header that says what the inner packet is takes the place of the outer headers' end.
void take_out(Packet packet, const Opened& opened) noexcept {
    packet.pull(opened.headers);
    packet.ethernet() = {{}, {}, net::be16(opened.protocol)};
}

// The remote's own keepalive, which is to be forwarded back to it.
bool is_question(const Packet& packet, const Tunnel& t) noexcept {
    const auto* ip = packet.header_at<net::Ipv4Header>(ethernet_header);
    if (ip == nullptr || packet.is_ipv6() || t.wish.kind != TunnelKind::gre ||
        ip->version_and_length != 0x45) {
        return false;
    }
    const auto* gre = packet.header_at<net::GreHeader>(ethernet_header + t.gre_at());
    return gre != nullptr && ip->protocol == (t.in_udp ? net::Protocol::udp : net::Protocol::gre) &&
           ip->source.host() == t.wish.local && ip->destination.host() == t.wish.remote &&
           gre->protocol.host() == 0;
}

// RFC 2784 3.1: what the other end has sent into the tunnel that is for itself would go round.
bool is_for_the_other_end(const Packet& packet, const Tunnel& t) noexcept {
    const auto* ip = packet.header_at<net::Ipv4Header>(ethernet_header);
    return ip != nullptr && !packet.is_ipv6() && ip->destination.host() == t.wish.remote;
}

void count(Context& c, const Tunnel& t, const Packet& packet) noexcept {
    auto& counters = c.counters.interfaces[t.interface];
    counters.rx_packets.add(1);
    counters.rx_bytes.add(packet.length() - ethernet_header);
}

// True of what has no whole header: validate() will say so.
bool merge_marks(const Packet& packet, Ecn outer) noexcept {
    if (packet.is_ipv6()) {
        auto* ip = packet.header_at<net::Ipv6Header>(ethernet_header);
        return ip == nullptr || merge_ecn(*ip, outer);
    }
    auto* ip = packet.header_at<net::Ipv4Header>(ethernet_header);
    return ip == nullptr || merge_ecn(*ip, outer);
}

bool is_routed(const Context& c, uint16_t protocol) noexcept {
    return protocol == static_cast<uint16_t>(net::EtherType::ipv4) ||
           (protocol == static_cast<uint16_t>(net::EtherType::ipv6) && c.plan->ipv6 != nullptr);
}

Verdict take_in(Context& c, Packet packet, const Opened& opened, Arrival& from) noexcept {
    const Tunnel& t = *opened.tunnel;
    if (opened.protocol == 0 && t.wish.kind == TunnelKind::gre) {
        c.tunnels[t.interface - layout::max_ports].answered_ns.store(c.now_ns,
                                                                     std::memory_order_relaxed);
        c.pool.free(packet);
        return finished();
    }
    if (t.is_bridged && opened.protocol == transparent_bridging) {
        packet.pull(ethernet_header + opened.headers);
        from = Arrival{};  // nobody is told of a frame's fate
        return bridge_out(c, packet, t, opened.ecn);
    }
    if (!is_routed(c, opened.protocol)) return drop(DropReason::tunnel_payload);
    take_out(packet, opened);
    from = Arrival{t.interface, false};
    count(c, t, packet);
    if (!merge_marks(packet, opened.ecn)) return drop(DropReason::tunnel_ecn);
    if (is_question(packet, t)) {
        if (const Verdict v = ipv4::validate(packet, c.pool); !v.is_passed()) return v;
        ipv4::send_own(c, packet);
        return finished();
    }
    if (is_for_the_other_end(packet, t)) return drop(DropReason::tunnel_returns);
    return t.is_bridged ? drop(DropReason::tunnel_payload) : passed();
}

// Only a packet's first fragment has the port: of the others it can not be ruled out.
bool is_for_udp_tunnel(const Tunnels& tunnels, const Packet& packet) noexcept {
    if (!tunnels.some_in_udp()) return false;
    const net::Ipv4Header& ip = packet.ipv4();
    if (ip.fragment_offset() != 0) return true;
    constexpr uint32_t port_at = offsetof(net::UdpHeader, destination_port);
    const auto* port = packet.header_at<net::Be16>(ethernet_header + ip.header_length() + port_at);
    return port != nullptr && tunnels.listens_on(port->host());
}

}  // namespace

bool carries(const Plan& plan, const Packet& packet) noexcept {
    if (plan.tunnels == nullptr) return false;
    const net::Ipv4Header& ip = packet.ipv4();
    switch (static_cast<net::Protocol>(ip.protocol)) {
        case net::Protocol::gre:
        case net::Protocol::ipip:
        case net::Protocol::ipv6: return true;
        case net::Protocol::udp: return is_for_udp_tunnel(*plan.tunnels, packet);
        default: return false;
    }
}

bool claims(const Plan& plan, const Packet& packet) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    return carries(plan, packet) &&
           plan.tunnels->joins(ip.destination_address(), ip.source_address());
}

Verdict receive(Context& c, Packet packet, Arrival& from) noexcept {
    if (c.nesting >= most_nested) return drop(DropReason::tunnel_too_deep);
    const net::Ipv4Header& ip = packet.ipv4();
    Opened opened;
    opened.ecn = static_cast<Ecn>(ip.tos & ecn_mask);
    const Verdict v = open_outer(c, packet, opened);
    return v.is_passed() ? take_in(c, packet, opened, from) : v;
}

}  // namespace sluice::tunnel
