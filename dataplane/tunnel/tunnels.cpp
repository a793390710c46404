// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/tunnel/tunnels.h"

#include <bit>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "dataplane/tunnel/gre.h"

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
