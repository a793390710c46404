// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/error.h"

#include <array>
#include <optional>

#include "dataplane/icmp/error.h"
#include "dataplane/ipv4/route.h"
#include "dataplane/nat/translate.h"
#include "dataplane/tunnel/condition.h"
#include "dataplane/tunnel/gre.h"
#include "dataplane/tunnel/tunnels.h"
#include "dataplane/tunnel/udp.h"
#include "lib/layout/tunnel.h"
#include "lib/net/checksum.h"

namespace sluice::tunnel {
namespace {

using layout::TunnelKind;
namespace type = net::icmp;

constexpr uint32_t outer_header = sizeof(net::Ipv4Header);

// Where the quoted packet lies in the first segment.
struct Quotation {
    uint32_t begin;
    uint32_t end;

    uint32_t length() const noexcept { return end - begin; }
};

// RFC 4884 4: what follows the quotation is the router's own where the message says how long the
// quotation is, in words.
Quotation quotation_of(const Packet& packet, const net::IcmpHeader& message) noexcept {
    const uint32_t begin =
        ethernet_header + packet.ipv4().header_length() + static_cast<uint32_t>(sizeof message);
    const uint32_t words = message.word1.host() & 0xff;
    const uint32_t end = words == 0 ? packet.contiguous() : begin + 4 * words;
    return {begin, std::min(end, packet.contiguous())};
}

// By GRE's header, which is quoted `at`; the flags are the tunnel's whose key it is, or it is not
// ours.
const Tunnel* find_gre(const Tunnels& all, const Packet& packet, Quotation q, uint32_t at,
                       Ends ends) noexcept {
    const net::Be16 flags = packet.header_at<net::GreHeader>(at)->flags;
    if ((flags.host() & gre::has_key) != 0) {
        const bool behind_checksum = (flags.host() & gre::has_checksum) != 0;
        const uint32_t key_at =
            at + static_cast<uint32_t>(sizeof(net::GreHeader)) + 4 * behind_checksum;
        if (key_at + sizeof(net::Be32) > q.end) return nullptr;
        ends = ends.with_key(packet.header_at<net::Be32>(key_at)->host());
    }
    const Tunnel* t = all.find_exactly(ends);
    const bool alike =
        t != nullptr && std::memcmp(&flags, t->headers.data() + at - q.begin, sizeof flags) == 0;
    return alike ? t : nullptr;
}

// Where less than GRE's header is quoted, it was the tunnel without a key if there is one.
const Tunnel* find_udp(const Tunnels& all, const Packet& packet, Quotation q, Ends ends) noexcept {
    const uint32_t at = q.begin + outer_header;
    const auto& udp = *packet.header_at<net::UdpHeader>(at);
    if (!is_udp_source(udp.source_port.host())) return nullptr;
    ends = ends.with_udp(udp.destination_port.host());
    const uint32_t gre_at = at + udp_header;
    if (gre_at + sizeof(net::GreHeader) > q.end) return all.find_exactly(ends);
    return find_gre(all, packet, q, gre_at, ends);
}

// The tunnel that has sent the quoted packet. RFC 792: eight bytes follow its header at least.
const Tunnel* find_sender(const Context& c, const Packet& packet, Quotation q) noexcept {
    constexpr uint32_t least = outer_header + 8;
    if (c.plan->tunnels == nullptr || q.begin + least > q.end) return nullptr;
    const auto& outer = *packet.header_at<net::Ipv4Header>(q.begin);
    if (outer.version_and_length != 0x45 || outer.fragment_offset() != 0) return nullptr;
    const auto ends = [&](TunnelKind kind) {
        return Ends::of(kind, outer.source.host(), outer.destination.host());
    };
    const Tunnels& all = *c.plan->tunnels;
    if (outer.protocol == net::Protocol::ipip || outer.protocol == net::Protocol::ipv6) {
        return all.find_exactly(ends(TunnelKind::ipip));
    }
    if (outer.protocol == net::Protocol::udp) {
        return find_udp(all, packet, q, ends(TunnelKind::gre));
    }
    if (outer.protocol != net::Protocol::gre) return nullptr;
    return find_gre(all, packet, q, q.begin + outer_header, ends(TunnelKind::gre));
}

// RFC 1191 5, 7.1: of a router that tells no MTU, or one that can not be true, the path's is taken
// for the next one below the packet's length that networks are known to have.
uint32_t told_mtu(const net::IcmpHeader& message, uint32_t length) noexcept {
    constexpr uint32_t least = 68;
    constexpr std::array<uint32_t, 11> plateaus{65535, 32000, 17914, 8166, 4352, 2002,
                                                1492,  1006,  508,   296,  least};
    const uint32_t told = message.word2.host();
    if (told >= least && told < length) return told;
    for (const uint32_t plateau : plateaus) {
        if (plateau < length) return plateau;
    }
    return least;
}

// RFC 1191 3: only what must not be fragmented is too big for a router; and what one has told is
// not taken back by what another tells of a packet that was under way.
bool learn_from(Context& c, const Tunnel& t, const net::IcmpHeader& message,
                const net::Ipv4Header& outer) noexcept {
    if (!outer.dont_fragment()) return false;
    layout::TunnelState& state = c.tunnels[t.interface - layout::max_ports];
    const uint32_t known = path_mtu(state, c.now_ns);
    const uint32_t told = told_mtu(message, outer.total_length.host());
    if (known == 0 || told < known) learn_path_mtu(state, told, c.now_ns);
    return true;
}

// The tunnel's MTU, as the main thread will find it.
uint32_t mtu_of(const Context& c, const Tunnel& t) noexcept {
    const auto& state = c.tunnels[t.interface - layout::max_ports];
    return std::min(c.interface(t.interface).mtu, path_mtu(state, c.now_ns) - t.overhead);
}

// RFC 2003 4: for what reason the inner packet is said to have been dropped. None: it is not said.
std::optional<Verdict> verdict_for(Context& c, const Tunnel& t, const net::IcmpHeader& message,
                                   const net::Ipv4Header& outer) noexcept {
    if (message.type == type::time_exceeded) return drop(DropReason::route_unreachable);
    if (message.type == type::parameter_problem) {
        const uint32_t pointer = message.word1.host() >> 8;
        if (message.code != 0 || pointer < t.overhead) return std::nullopt;
        return drop(DropReason::option_malformed, pointer - t.overhead);
    }
    if (message.type != type::unreachable) return std::nullopt;
    switch (message.code) {
        case type::fragmentation_needed:
            if (!learn_from(c, t, message, outer)) return std::nullopt;
            return drop(DropReason::too_big, mtu_of(c, t));
        case type::host_unreachable: return drop(DropReason::route_unreachable);
        case type::port_unreachable:
            // Of GRE in UDP it says what of bare GRE "protocol unreachable" does.
            return t.in_udp ? std::optional(drop(DropReason::no_route)) : std::nullopt;
        case type::source_route_failed: return std::nullopt;
        default: return drop(DropReason::no_route);
    }
}

// Whether the packet's address is that of somebody elsewhere.
bool leads_out(const Context& c, net::Ipv4Address address) noexcept {
    ipv4::Route route;
    return ipv4::find_route(c, address, 0, route).is_passed() && route.leads_out();
}

// The packet becomes what is quoted of the inner one, as it was before the NAT. False where that
// is no IPv4 header that we have sent on for somebody.
bool take_inner(Context& c, Packet& packet, const Tunnel& t, Quotation q) noexcept {
    if (q.length() < t.overhead + sizeof(net::Ipv4Header)) return false;
    if (const Packet rest = packet.cut(q.end)) c.pool.free(rest);
    packet.pull(q.begin + t.overhead - ethernet_header);
    const net::Ipv4Header& ip = packet.ipv4();
    const uint32_t header = ip.header_length();
    if (ip.version() != 4 || header < sizeof ip || ethernet_header + header > packet.contiguous() ||
        !net::checksum_holds(&ip, header) || !leads_out(c, ip.destination_address())) {
        return false;
    }
    if (c.plan->nat != nullptr && c.nat != nullptr) (void)nat::restore(c, packet);
    return leads_out(c, ip.source_address());
}

bool carries_ipv4(const Packet& packet, const Tunnel& t, Quotation q) noexcept {
    if (t.wish.kind != TunnelKind::gre) {
        return packet.header_at<net::Ipv4Header>(q.begin)->protocol == net::Protocol::ipip;
    }
    const auto* gre = packet.header_at<net::GreHeader>(q.begin + t.gre_at());
    return gre != nullptr && gre->protocol.host() == static_cast<uint16_t>(net::EtherType::ipv4);
}

// A packet that fits, or that the next time will be fragmented, was not too big for the tunnel.
bool concerns(const net::Ipv4Header& ip, Verdict v) noexcept {
    return v.reason != DropReason::too_big ||
           (ip.dont_fragment() && ip.total_length.host() > v.detail);
}

}  // namespace

Verdict receive_error(Context& c, Packet packet, const net::IcmpHeader& message) noexcept {
    const Quotation q = quotation_of(packet, message);
    const Tunnel* t = find_sender(c, packet, q);
    if (t == nullptr) return drop(DropReason::icmp_not_answered);
    const auto why = verdict_for(c, *t, message, *packet.header_at<net::Ipv4Header>(q.begin));
    if (!why) return drop(DropReason::icmp_not_answered);

    (void)note(c, layout::Step::tunnel_receive, finished(), t->interface, t->wish.remote);
    if (carries_ipv4(packet, *t, q) && take_inner(c, packet, *t, q) &&
        concerns(packet.ipv4(), *why)) {
        icmp::tell_source(c, packet, Arrival{t->interface}, *why);
    }
    c.pool.free(packet);
    return finished();
}

}  // namespace sluice::tunnel
