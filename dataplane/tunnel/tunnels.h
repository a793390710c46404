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
    // EtherType in front, at the end of wide stores; and which bits of the outer header's first
    // eight bytes, and of its ttl, are the inner one's.
    alignas(64) std::array<uint8_t, behind_bytes> behind{};
    uint64_t inherited = 0;
    uint32_t remote_bits = 0;  // host order
    layout::InterfaceId interface = layout::no_interface;
    uint16_t sum_of_addresses = 0;
    uint8_t inherited_ttl = 0;
    uint8_t overhead = 0;   // bytes of outer headers
    bool fast_in = false;   // neither checksums nor sequence numbers are sent, and no frames
    bool fast_out = false;  // no frames come, and sources are not checked
    bool clamps_mss = false;
    bool is_bridged = false;  // carries frames, of a port's
    bool in_udp = false;      // GRE in UDP (udp.h)
    layout::TunnelSpread spread = layout::TunnelSpread::off;

    // Of the outer headers, behind the EtherType.
    const uint8_t* outer() const noexcept { return behind.data() + behind_bytes - overhead; }

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
    uint64_t addresses;  // local, remote
    uint64_t form;       // from the top: UDP's port, kind, whether there is a key; the key

    static constexpr Ends of(layout::TunnelKind kind, uint32_t local, uint32_t remote) noexcept {
        return {uint64_t{local} << 32 | remote, static_cast<uint64_t>(kind) << 33};
    }
    constexpr Ends with_key(uint32_t key) const noexcept {
        return {addresses, form | uint64_t{1} << 32 | key};
    }
    constexpr Ends with_udp(uint16_t port) const noexcept {
        return {addresses, form | uint64_t{port} << 48};
    }
    constexpr Ends of_any_remote() const noexcept {
        return {addresses & ~uint64_t{0xffffffff}, form};
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
    const Tunnel* find(const Ends& ends) const noexcept { return find(ends, home_of(ends)); }
    const Tunnel* find(const Ends& ends, size_t home) const noexcept {
        const Tunnel* found = find_exactly(ends, home);
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
        return find_exactly(ends, home_of(ends));
    }
    // For bursts: where find() begins to look.
    size_t home_of(const Ends& ends) const noexcept {
        uint64_t x = ends.addresses ^ ends.form * 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
        return (x >> 32) & mask_;
    }
    void prefetch(size_t home) const noexcept { __builtin_prefetch(&slots_[home]); }
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
        Ends ends{};  // form 0: free
        const Tunnel* tunnel = nullptr;
    };
    const Tunnel* find_exactly(const Ends& ends, size_t at) const noexcept {
        for (; slots_[at].ends.form != 0; at = (at + 1) & mask_) {
            if (slots_[at].ends == ends) return slots_[at].tunnel;
        }
        return nullptr;
    }
    void insert(const Ends& ends, const Tunnel& tunnel);
    void note_spread(const Tunnel& tunnel) noexcept;

    std::vector<Tunnel> tunnels_;
    std::array<uint16_t, layout::max_tunnels> place_{};  // in tunnels_
    std::vector<Slot> slots_;
    size_t mask_ = 0;                     // of a place in them
    std::unordered_set<uint64_t> pairs_;  // local and remote
    SpreadWishes spread_wishes_;
    bool some_take_any_remote_ = false;
    std::unique_ptr<std::bitset<65536>> udp_ports_;
};

}  // namespace sluice::tunnel
