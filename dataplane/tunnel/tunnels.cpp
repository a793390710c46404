// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/tunnels.h"

#include <bit>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "dataplane/tunnel/ecn.h"
#include "dataplane/tunnel/gre.h"
#include "dataplane/tunnel/udp.h"
#include "lib/net/checksum.h"

namespace sluice::tunnel {
namespace {

using layout::TunnelKind;

net::Protocol protocol_of(const layout::Tunnel& wish) noexcept {
    if (wish.kind != TunnelKind::gre) return net::Protocol::ipip;
    return wish.udp_port != 0 ? net::Protocol::udp : net::Protocol::gre;
}

// Appends to the headers.
template <typename Field>
void append(Tunnel& t, const Field& field) noexcept {
    std::memcpy(t.headers.data() + t.overhead, &field, sizeof field);
    t.overhead = static_cast<uint8_t>(t.overhead + sizeof field);
}

void add_outer_ipv4(Tunnel& t) noexcept {
    net::Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.protocol = static_cast<uint8_t>(protocol_of(t.wish));
    ip.ttl = t.wish.ttl;
    ip.source = net::be32(t.wish.local);
    ip.destination = net::be32(t.wish.remote);
    append(t, ip);
}

void add_udp(Tunnel& t) noexcept {
    append(t, net::UdpHeader{{}, net::be16(t.wish.udp_port), {}, {}});
    t.in_udp = true;
}

void add_gre(Tunnel& t) noexcept {
    uint16_t flags = 0;
    if (t.wish.checksum != 0) flags |= gre::has_checksum;
    if (t.wish.has_key != 0) flags |= gre::has_key;
    if (t.wish.sequence != 0) flags |= gre::has_sequence;
    append(t, net::GreHeader{net::be16(flags), net::be16(0)});
    if (t.wish.checksum != 0) append(t, net::be32(0));
    if (t.wish.has_key != 0) append(t, net::be32(t.wish.key));
    if (t.wish.sequence != 0) append(t, net::be32(0));
}

// The end of `behind`, from this many bytes before it on.
template <typename Field>
void put_behind(Tunnel& t, size_t before_end, const Field& field) noexcept {
    std::memcpy(t.behind.data() + Tunnel::behind_bytes - before_end, &field, sizeof field);
}

// What differs by tunnel in the outer header, and what comes from the inner one.
void put_inherited(Tunnel& t) noexcept {
    using layout::TunnelDontFragment;
    auto ip = *reinterpret_cast<const net::Ipv4Header*>(t.headers.data());
    net::Ipv4Header inherited{};
    const bool inherits_dscp = t.wish.dscp == layout::Tunnel::inner_dscp;
    if (!inherits_dscp) ip.tos = static_cast<uint8_t>(t.wish.dscp << 2);
    inherited.tos = inherits_dscp ? 0xff : ecn_mask;
    const auto df = net::be16(net::ipv4_dont_fragment);
    if (t.wish.dont_fragment == TunnelDontFragment::set) ip.flags_and_offset = df;
    if (t.wish.dont_fragment == TunnelDontFragment::copy) inherited.flags_and_offset = df;
    put_behind(t, t.overhead, ip);
    std::memcpy(&t.inherited, &inherited, sizeof t.inherited);
    t.inherited_ttl = t.wish.ttl == 0 ? 0xff : 0;
    t.sum_of_addresses = net::fold(net::sum_words(&ip.source, 8));
}

// What burst.cpp writes, from what is written for one packet at a time.
void prepare_fast_way(Tunnel& t) noexcept {
    t.remote_bits = t.wish.remote;
    t.clamps_mss = t.wish.clamp_mss != 0;
    t.spread = t.wish.spread;
    t.is_bridged = t.wish.port != layout::no_interface;
    t.fast_out = !t.is_bridged && t.wish.reverse_path == layout::ReversePath::off;
    t.fast_in = !t.is_bridged && t.wish.checksum == 0 && t.wish.sequence == 0;
    if (!t.fast_in) return;
    std::memcpy(t.behind.data() + Tunnel::behind_bytes - t.overhead, t.headers.data(), t.overhead);
    const net::Be16 ipv4 = net::be16(static_cast<uint16_t>(net::EtherType::ipv4));
    put_behind(t, t.overhead + sizeof ipv4, ipv4);
    if (t.wish.kind == TunnelKind::gre) {
        put_behind(t, t.overhead - t.gre_at() - offsetof(net::GreHeader, protocol), ipv4);
    }
    put_inherited(t);
}

Tunnel made(const layout::Tunnel& wish, layout::InterfaceId id) {
    if (wish.kind != TunnelKind::gre && wish.kind != TunnelKind::ipip) {
        throw std::runtime_error(fmt::format("snapshot: tunnel {} is of unknown kind {}", id,
                                             static_cast<unsigned>(wish.kind)));
    }
    Tunnel t;
    t.interface = id;
    t.wish = wish;
    add_outer_ipv4(t);
    if (wish.kind == TunnelKind::gre && wish.udp_port != 0) add_udp(t);
    if (wish.kind == TunnelKind::gre) add_gre(t);
    prepare_fast_way(t);
    return t;
}

Ends ends_of(const layout::Tunnel& wish) noexcept {
    Ends ends = Ends::of(wish.kind, wish.local, wish.remote);
    if (wish.udp_port != 0) ends = ends.with_udp(wish.udp_port);
    return wish.has_key != 0 ? ends.with_key(wish.key) : ends;
}

}  // namespace

std::unique_ptr<const Tunnels> Tunnels::compile(const layout::Snapshot& s) {
    auto all = std::make_unique<Tunnels>();
    for (unsigned n = 0; n < layout::max_tunnels; ++n) {
        if (s.tunnels[n].name[0] == '\0') continue;
        all->place_[n] = static_cast<uint16_t>(all->tunnels_.size());
        all->tunnels_.push_back(
            made(s.tunnels[n], static_cast<layout::InterfaceId>(layout::max_ports + n)));
    }
    if (all->tunnels_.empty()) return nullptr;
    all->slots_.resize(std::bit_ceil(4 * all->tunnels_.size()));
    all->mask_ = all->slots_.size() - 1;
    for (const Tunnel& t : all->tunnels_) {
        if (t.wish.enabled == 0) continue;
        all->note_spread(t);
        all->insert(ends_of(t.wish), t);
        all->pairs_.insert(ends_of(t.wish).addresses);
        if (t.in_udp) {
            if (!all->udp_ports_) all->udp_ports_ = std::make_unique<std::bitset<65536>>();
            all->udp_ports_->set(t.wish.udp_port);
        }
        if (t.wish.any_remote == 0) continue;
        all->insert(ends_of(t.wish).of_any_remote(), t);
        all->some_take_any_remote_ = true;
    }
    return all;
}

// Frames stay with their receiver, whatever is wished.
void Tunnels::note_spread(const Tunnel& t) noexcept {
    if (t.is_bridged) return;
    if (t.spread == layout::TunnelSpread::on) spread_wishes_.on = true;
    if (t.spread != layout::TunnelSpread::automatic) return;
    (t.in_udp ? spread_wishes_.automatic_in_udp : spread_wishes_.automatic) = true;
}

// Of two with the same ends the first has it.
void Tunnels::insert(const Ends& ends, const Tunnel& tunnel) {
    size_t at = home_of(ends);
    for (; slots_[at].ends.form != 0; at = (at + 1) & mask_) {
        if (slots_[at].ends == ends) return;
    }
    slots_[at] = {ends, &tunnel};
}

}  // namespace sluice::tunnel
