// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/tunnels.h"

#include <bit>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "dataplane/tunnel/ecn.h"
#include "dataplane/tunnel/gre.h"
#include "lib/net/checksum.h"

namespace sluice::tunnel {
namespace {

using layout::TunnelKind;

uint8_t protocol_of(TunnelKind kind) noexcept {
    return static_cast<uint8_t>(kind == TunnelKind::gre ? net::Protocol::gre : net::Protocol::ipip);
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
    ip.protocol = protocol_of(t.wish.kind);
    ip.ttl = t.wish.ttl;
    ip.source = net::be32(t.wish.local);
    ip.destination = net::be32(t.wish.remote);
    append(t, ip);
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

// What burst.cpp writes, from what is written for one packet at a time.
void prepare_fast_way(Tunnel& t) noexcept {
    using layout::TunnelDontFragment;
    t.fast = t.wish.checksum == 0 && t.wish.sequence == 0;
    std::memcpy(t.behind.data() + Tunnel::behind_bytes - t.overhead, t.headers.data(), t.overhead);
    const net::Be16 ipv4 = net::be16(static_cast<uint16_t>(net::EtherType::ipv4));
    std::memcpy(t.behind.data() + Tunnel::behind_bytes - t.overhead - sizeof ipv4, &ipv4,
                sizeof ipv4);
    if (t.wish.kind == TunnelKind::gre) {
        std::memcpy(t.behind.data() + Tunnel::behind_bytes - t.overhead + sizeof(net::Ipv4Header) +
                        offsetof(net::GreHeader, protocol),
                    &ipv4, sizeof ipv4);
    }
    const bool inherits = t.wish.dscp == layout::Tunnel::inner_dscp;
    t.tos = inherits ? uint8_t{0} : static_cast<uint8_t>(t.wish.dscp << 2);
    t.inherited_tos = inherits ? 0xff : ecn_mask;
    const uint16_t df = net::be16(net::ipv4_dont_fragment).raw();
    if (t.wish.dont_fragment == TunnelDontFragment::set) t.flags = df;
    if (t.wish.dont_fragment == TunnelDontFragment::copy) t.inherited_flags = df;
    // The words of ttl and protocol are added with each packet.
    auto ip = *reinterpret_cast<const net::Ipv4Header*>(t.headers.data());
    ip.ttl = ip.protocol = 0;
    t.sum = net::fold(net::sum_words(&ip, sizeof ip));
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
    if (wish.kind == TunnelKind::gre) add_gre(t);
    prepare_fast_way(t);
    return t;
}

Ends ends_of(const layout::Tunnel& wish, uint32_t remote) noexcept {
    Ends ends{wish.kind, wish.local, remote, std::nullopt};
    if (wish.has_key != 0) ends.key = wish.key;
    return ends;
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
    for (uint16_t n = 0; n < all->tunnels_.size(); ++n) {
        const layout::Tunnel& wish = all->tunnels_[n].wish;
        if (wish.enabled == 0) continue;
        all->insert(slot_of(ends_of(wish, wish.remote)), n);
        all->pairs_.insert(uint64_t{wish.local} << 32 | wish.remote);
        if (wish.any_remote == 0) continue;
        all->insert(slot_of(ends_of(wish, 0)), n);
        all->some_take_any_remote_ = true;
    }
    return all;
}

Tunnels::Slot Tunnels::slot_of(const Ends& ends) noexcept {
    return {uint64_t{ends.local} << 32 | ends.remote, ends.key.value_or(0),
            static_cast<uint16_t>(static_cast<unsigned>(ends.kind) << 1 | ends.key.has_value()), 0};
}

size_t Tunnels::home_of(const Slot& slot) const noexcept {
    uint64_t x = slot.ends ^ (uint64_t{slot.form} << 32 | slot.key) * 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
    return (x ^ (x >> 33)) & (slots_.size() - 1);
}

// Of two with the same ends the first has it.
void Tunnels::insert(Slot slot, uint16_t tunnel) {
    size_t at = home_of(slot);
    for (; slots_[at].form != 0; at = (at + 1) & (slots_.size() - 1)) {
        if (slots_[at] == slot) return;
    }
    slot.tunnel = tunnel;
    slots_[at] = slot;
}

const Tunnel* Tunnels::find_exactly(const Ends& ends) const noexcept {
    const Slot wanted = slot_of(ends);
    for (size_t at = home_of(wanted); slots_[at].form != 0; at = (at + 1) & (slots_.size() - 1)) {
        if (slots_[at] == wanted) return &tunnels_[slots_[at].tunnel];
    }
    return nullptr;
}

const Tunnel* Tunnels::find(const Ends& ends) const noexcept {
    const Tunnel* found = find_exactly(ends);
    if (found != nullptr || !some_take_any_remote_) return found;
    return find_exactly({ends.kind, ends.local, 0, ends.key});
}

}  // namespace sluice::tunnel
