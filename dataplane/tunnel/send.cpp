// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/send.h"

#include "dataplane/checksum.h"
#include "dataplane/discard.h"
#include "dataplane/ipv4/output.h"
#include "dataplane/ipv4/own.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/ipv6/route.h"
#include "dataplane/tunnel/ecn.h"
#include "dataplane/tunnel/gre.h"
#include "dataplane/tunnel/tunnels.h"
#include "dataplane/tunnel/udp.h"
#include "lib/layout/tunnel.h"
#include "lib/net/checksum.h"

namespace sluice::tunnel {
namespace {

using layout::TunnelDontFragment;

uint32_t flow_inside(const Packet& packet) noexcept {
    return packet.is_ipv6() ? ipv6::flow_hash(packet.ipv6())
                            : ipv4::flow_hash(packet.ipv4(), packet.contiguous() - ethernet_header);
}

// IPv6 is never fragmented on its way, so the outer packet isn't either, unless the tunnel's owner
// wants it or the way takes less than every link of IPv6 must (RFC 4213 3.2.1, 3.2.2).
Inherited inherited_from6(const net::Ipv6Header& inner, const layout::Tunnel& wish,
                          uint32_t mtu) noexcept {
    const uint8_t tos = inner.traffic_class();
    const auto dscp = wish.dscp == layout::Tunnel::inner_dscp
                          ? static_cast<uint8_t>(tos & ~ecn_mask)
                          : static_cast<uint8_t>(wish.dscp << 2);
    return {static_cast<uint8_t>(dscp | (tos & ecn_mask)),
            wish.ttl != 0 ? wish.ttl : inner.hop_limit,
            wish.dont_fragment != TunnelDontFragment::clear && inner.total_length() <= mtu};
}

// Where the packet goes once it is in the tunnel. `hash`, of what is inside, decides between equal
// paths.
Verdict find_way(const Context& c, uint32_t hash, const Tunnel& t, ipv4::Route& way) noexcept {
    if (const Verdict v = ipv4::find_route(c, t.remote(), hash, way); !v.is_passed()) return v;
    const bool leads_back = !way.leads_out() || way.adjacency.interface == t.interface;
    return leads_back ? drop(DropReason::tunnel_loop) : passed();
}

void write_gre(Context& c, const Packet& packet, const Tunnel& t, net::EtherType carried) noexcept {
    const uint32_t at = ethernet_header + t.gre_at();
    auto& gre = *packet.header_at<net::GreHeader>(at);
    gre.protocol = net::be16(static_cast<uint16_t>(carried));
    if (t.wish.sequence != 0) {
        const uint32_t number =
            c.tunnels[t.interface - layout::max_ports].sent.fetch_add(1, std::memory_order_relaxed);
        *packet.header_at<net::Be32>(ethernet_header + t.overhead - sizeof(net::Be32)) =
            net::be32(number);
    }
    if (t.wish.checksum == 0) return;
    const auto sum = net::checksum_of(sum_of(packet, at, packet.length() - at));
    *packet.header_at<net::Be16>(at + sizeof gre) = sum;
}

void write_udp(const Packet& packet, uint32_t flow_hash) noexcept {
    constexpr uint32_t at = ethernet_header + sizeof(net::Ipv4Header);
    auto& udp = *packet.header_at<net::UdpHeader>(at);
    udp.source_port = net::be16(udp_source_of(flow_hash));
    udp.length = net::be16(static_cast<uint16_t>(packet.length() - at));
}

void write_outer(Context& c, const Packet& packet, const Inherited& inherited) noexcept {
    net::Ipv4Header& ip = packet.ipv4();
    ip.tos = inherited.tos;
    ip.ttl = inherited.ttl;
    ip.total_length = net::be16(static_cast<uint16_t>(packet.length() - ethernet_header));
    ip.identification = net::be16(c.next_identification++);
    ip.flags_and_offset =
        net::be16(inherited.dont_fragment ? net::ipv4_dont_fragment : uint16_t{0});
    net::fill_checksum(ip);
}

void encapsulate(Context& c, Packet packet, const Tunnel& t, const Load& load) noexcept {
    auto& counters = c.counters.interfaces[t.interface];
    counters.tx_packets.add(1);
    counters.tx_bytes.add(packet.length() - ethernet_header);
    packet.push(t.overhead);
    packet.ethernet().type = net::be16(static_cast<uint16_t>(net::EtherType::ipv4));
    std::memcpy(packet.data() + ethernet_header, t.headers.data(), t.overhead);
    if (t.in_udp) write_udp(packet, load.hash);
    if (t.wish.kind == layout::TunnelKind::gre) {
        write_gre(c, packet, t, load.type);
    } else if (load.type == net::EtherType::ipv6) {
        packet.ipv4().protocol = static_cast<uint8_t>(net::Protocol::ipv6);
    }
    write_outer(c, packet, load.inherited);
}

// What the remote is to forward back: GRE of protocol 0. Its key says of which tunnel it is an
// answer.
void write_answer(Packet packet, const layout::Tunnel& wish) noexcept {
    constexpr uint32_t udp_at = ethernet_header + sizeof(net::Ipv4Header);
    const uint32_t at = udp_at + (wish.udp_port != 0 ? udp_header : 0);
    const uint32_t key_at = at + static_cast<uint32_t>(sizeof(net::GreHeader));
    packet.set_length(wish.has_key != 0 ? key_at + sizeof(net::Be32) : key_at);
    if (wish.udp_port != 0) {
        *packet.header_at<net::UdpHeader>(udp_at) = {
            net::be16(udp_source_of(0)), net::be16(wish.udp_port), {}, {}};
        write_udp(packet, 0);
    }
    const uint16_t flags = wish.has_key != 0 ? gre::has_key : uint16_t{0};
    *packet.header_at<net::GreHeader>(at) = {net::be16(flags), net::be16(0)};
    if (wish.has_key != 0) *packet.header_at<net::Be32>(key_at) = net::be32(wish.key);
}

// The outer packet is the router's own: what becomes of it is no longer told to the inner source.
void send_outer(Context& c, Packet packet, const ipv4::Route& way) noexcept {
    ++c.nesting;
    const Verdict v = ipv4::output(c, packet, Arrival{}, way);
    --c.nesting;
    if (v.is_drop()) discard(c, packet, Arrival{}, v);
}

}  // namespace

Inherited inherited_from(const net::Ipv4Header& inner, const layout::Tunnel& wish) noexcept {
    const auto dscp = wish.dscp == layout::Tunnel::inner_dscp
                          ? static_cast<uint8_t>(inner.tos & ~ecn_mask)
                          : static_cast<uint8_t>(wish.dscp << 2);
    const bool copied = wish.dont_fragment == TunnelDontFragment::copy && inner.dont_fragment();
    return {static_cast<uint8_t>(dscp | (inner.tos & ecn_mask)),
            wish.ttl != 0 ? wish.ttl : inner.ttl,
            copied || wish.dont_fragment == TunnelDontFragment::set};
}

Verdict send_load(Context& c, Packet packet, const Tunnel& t, const Load& load) noexcept {
    if (!c.interface(t.interface).up) return drop(DropReason::interface_down);
    if (c.nesting >= most_nested) return drop(DropReason::tunnel_too_deep);
    ipv4::Route way;
    if (const Verdict v = find_way(c, load.hash, t, way); !v.is_passed()) return v;
    if (packet.headroom() < t.overhead) return drop(DropReason::no_buffer);

    encapsulate(c, packet, t, load);
    (void)note(c, layout::Step::tunnel_send, passed(), t.interface, t.wish.remote);
    send_outer(c, packet, way);
    return finished();
}

Verdict send(Context& c, Packet packet, const Arrival&, InterfaceId out) noexcept {
    const Tunnel& t = c.plan->tunnels->at(out);
    const uint32_t hash = flow_inside(packet);
    if (packet.is_ipv6()) {
        const auto inherited = inherited_from6(packet.ipv6(), t.wish, c.interface(out).mtu);
        return send_load(c, packet, t, {net::EtherType::ipv6, inherited, hash});
    }
    // RFC 2003 3.2: it would go back to where it came from.
    if (packet.ipv4().source.host() == t.wish.remote) return drop(DropReason::tunnel_returns);
    return send_load(c, packet, t,
                     {net::EtherType::ipv4, inherited_from(packet.ipv4(), t.wish), hash});
}

void send_keepalive(Context& c, InterfaceId out) noexcept {
    const Tunnel& t = c.plan->tunnels->at(out);
    Packet packet = c.pool.allocate();
    if (!packet) return;
    write_answer(packet, t.wish);
    constexpr uint8_t internetwork_control = 0xc0;
    ipv4::fill_own_header(c, packet, t.in_udp ? net::Protocol::udp : net::Protocol::gre, t.remote(),
                          t.local(), internetwork_control);
    ipv4::Route way;
    const Load load{net::EtherType::ipv4, inherited_from(packet.ipv4(), t.wish),
                    flow_inside(packet)};
    const Verdict v = find_way(c, load.hash, t, way);
    if (v.is_drop() || packet.headroom() < t.overhead) return c.pool.free(packet);
    encapsulate(c, packet, t, load);
    send_outer(c, packet, way);
}

}  // namespace sluice::tunnel
