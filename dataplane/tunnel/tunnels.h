// SPDX-License-Identifier: BSD-3-Clause
// The plan's tunnels: what each one's packets look like outside, and whose a packet is that comes
// in. Made by the main thread with the plan, immutable from then on.
#pragma once
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <vector>

#include "lib/layout/snapshot.h"
#include "lib/net/address.h"
#include "lib/net/wire.h"

namespace sluice::tunnel {

struct Tunnel {
    static constexpr unsigned most_headers = 44;  // IPv4, UDP, and GRE with all its fields
    static constexpr unsigned behind_bytes = 40;

    // One cache line for the fast way (burst.h). The outer headers of an IPv4 packet, with an
    // EtherType in front, at the end of wide stores; and what the outer header is made of
    // besides, words and flags as they lie in memory.
    alignas(64) std::array<uint8_t, behind_bytes> behind{};
    uint32_t remote_bits = 0;  // host order
    layout::InterfaceId interface = layout::no_interface;
    uint16_t flags = 0, inherited_flags = 0;
    uint16_t sum = 0;  // of the header's words that all packets share
    uint8_t tos = 0, inherited_tos = 0;
    uint8_t ttl = 0;       // 0: the inner one's
    uint8_t overhead = 0;  // bytes of outer headers
    bool fast = false;     // neither checksums nor sequence numbers, and no frames
    bool clamps_mss = false;
    bool checks_source = false;
    bool is_bridged = false;  // carries frames, of a port's
    bool in_udp = false;      // GRE in UDP (udp.h)
    layout::TunnelSpread spread = layout::TunnelSpread::off;

    // For the plain way: the wish, and the outer headers of a packet without payload. What differs
    // by packet is zero: lengths, checksums, identification, what is inherited, the number.
    alignas(64) layout::Tunnel wish{};
    std::array<uint8_t, most_headers> headers{};

    // Where GRE's header lies in the outer ones.
    uint32_t gre_at() const noexcept {
        return static_cast<uint32_t>(sizeof(net::Ipv4Header) +
                                     (in_udp ? sizeof(net::UdpHeader) : 0));
    }
    net::Ipv4Address local() const noexcept { return {wish.local}; }
    net::Ipv4Address remote() const noexcept { return {remote_bits}; }
};
static_assert(offsetof(Tunnel, wish) == 64);

// What tells whose a packet is that came to `local` (RFC 2784, RFC 2890).
struct Ends {
    uint64_t addresses = 0;  // local, remote
    uint32_t key = 0;
    uint32_t form = 0;  // kind, whether there is a key, and the port of GRE in UDP

    static constexpr Ends of(layout::TunnelKind kind, uint32_t local, uint32_t remote) noexcept {
        return {uint64_t{local} << 32 | remote, 0, static_cast<uint32_t>(kind) << 1};
    }
    constexpr Ends with_key(uint32_t k) const noexcept { return {addresses, k, form | 1}; }
    constexpr Ends with_udp(uint16_t port) const noexcept {
        return {addresses, key, form | uint32_t{port} << 16};
    }
    constexpr Ends of_any_remote() const noexcept {
        return {addresses & ~uint64_t{0xffffffff}, key, form};
    }
    constexpr uint32_t local() const noexcept { return static_cast<uint32_t>(addresses >> 32); }
    bool operator==(const Ends&) const noexcept = default;
};

// What tunnels wish of their packets that may be handed over, of all that are enabled.
struct SpreadWishes {
    bool on = false;  // some are, whatever the port
    bool automatic = false;
    bool automatic_in_udp = false;
};

class Tunnels {
  public:
    // Null where the snapshot has none. Throws std::runtime_error, naming what is wrong.
    static std::unique_ptr<const Tunnels> compile(const layout::Snapshot& snapshot);

    // Of an interface that is one of them.
    const Tunnel& at(layout::InterfaceId id) const noexcept {
        return tunnels_[place_[id - layout::max_ports]];
    }
    // Null where nobody sends that to us; by `remote`, or by any remote where one is allowed.
    const Tunnel* find(const Ends& ends) const noexcept {
        const Tunnel* found = find_exactly(ends);
        if (found != nullptr || !some_take_any_remote_) [[likely]]
            return found;
        return find_exactly(ends.of_any_remote());
    }
    // Whether one of them is GRE in UDP to this port.
    bool some_in_udp() const noexcept { return udp_ports_ != nullptr; }
    bool listens_on(uint16_t port) const noexcept {
        return udp_ports_ != nullptr && (*udp_ports_)[port];
    }
    // By `remote` alone.
    const Tunnel* find_exactly(const Ends& ends) const noexcept {
        for (size_t at = home_of(ends); slots_[at].ends.form != 0;
             at = (at + 1) & (slots_.size() - 1)) {
            if (slots_[at].ends == ends) return slots_[at].tunnel;
        }
        return nullptr;
    }
    void prefetch(const Ends& ends) const noexcept { __builtin_prefetch(&slots_[home_of(ends)]); }
    // Whether some tunnel has these two ends, whatever its kind and key.
    bool joins(net::Ipv4Address local, net::Ipv4Address remote) const noexcept {
        return pairs_.contains(uint64_t{local.value} << 32 | remote.value);
    }
    const SpreadWishes& spread_wishes() const noexcept { return spread_wishes_; }
    const std::vector<Tunnel>& all() const noexcept { return tunnels_; }
    // Of that interface, in all().
    uint16_t place_of(layout::InterfaceId id) const noexcept {
        return place_[id - layout::max_ports];
    }

  private:
    // Open addressing, at most half full.
    struct Slot {
        Ends ends;  // form 0: free
        const Tunnel* tunnel = nullptr;
    };
    size_t home_of(const Ends& ends) const noexcept {
        uint64_t x = ends.addresses ^ (uint64_t{ends.form} << 32 | ends.key) * 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
        return (x >> 32) & (slots_.size() - 1);
    }
    void insert(const Ends& ends, const Tunnel& tunnel);
    void note_spread(const Tunnel& tunnel) noexcept;

    std::vector<Tunnel> tunnels_;
    std::array<uint16_t, layout::max_tunnels> place_{};  // in tunnels_
    std::vector<Slot> slots_;
    std::unordered_set<uint64_t> pairs_;  // local and remote
    SpreadWishes spread_wishes_;
    bool some_take_any_remote_ = false;
    std::unique_ptr<std::bitset<65536>> udp_ports_;
};

}  // namespace sluice::tunnel
