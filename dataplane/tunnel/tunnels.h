// SPDX-License-Identifier: BSD-3-Clause
// The plan's tunnels: what each one's packets look like outside, and whose a packet is that comes
// in. Made by the main thread with the plan, immutable from then on.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "lib/layout/snapshot.h"
#include "lib/net/address.h"
#include "lib/net/wire.h"

namespace sluice::tunnel {

struct Tunnel {
    static constexpr unsigned most_headers = 36;  // IPv4, and GRE with all its fields

    layout::InterfaceId interface = layout::no_interface;
    layout::Tunnel wish{};
    uint8_t overhead = 0;  // bytes of outer headers
    // The outer headers of a packet without payload; what differs by packet is zero: lengths,
    // checksums, identification, what is inherited, the sequence number.
    std::array<uint8_t, most_headers> headers{};

    // For the fast way (burst.h): the headers of an IPv4 packet, with an EtherType in front, at the
    // end of three wide stores; and what the outer header is made of besides. Words and flags are
    // as they lie in memory.
    static constexpr unsigned behind_bytes = 48;
    alignas(16) std::array<uint8_t, behind_bytes> behind{};
    bool fast = false;
    uint8_t tos = 0, inherited_tos = 0;
    uint16_t flags = 0, inherited_flags = 0;
    uint32_t sum = 0;  // of the header's words that all packets share

    net::Ipv4Address local() const noexcept { return {wish.local}; }
    net::Ipv4Address remote() const noexcept { return {wish.remote}; }
};

// What tells whose a packet is that came to `local` (RFC 2784, RFC 2890).
struct Ends {
    layout::TunnelKind kind = layout::TunnelKind::none;
    uint32_t local = 0;
    uint32_t remote = 0;
    std::optional<uint32_t> key;
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
    const Tunnel* find(const Ends& ends) const noexcept;
    // As find(), but only by its remote itself.
    const Tunnel* find_exactly(const Ends& ends) const noexcept;
    // Whether some tunnel has these two ends, whatever its kind and key.
    bool joins(net::Ipv4Address local, net::Ipv4Address remote) const noexcept {
        return pairs_.contains(uint64_t{local.value} << 32 | remote.value);
    }
    const std::vector<Tunnel>& all() const noexcept { return tunnels_; }
    // Of that interface, in all().
    uint16_t place_of(layout::InterfaceId id) const noexcept {
        return place_[id - layout::max_ports];
    }

  private:
    // Open addressing, at most half full.
    struct Slot {
        uint64_t ends = 0;
        uint32_t key = 0;
        uint16_t form = 0;  // kind, and whether it has a key; 0: free
        uint16_t tunnel = 0;
        bool operator==(const Slot& other) const noexcept {
            return ends == other.ends && key == other.key && form == other.form;
        }
    };
    static Slot slot_of(const Ends& ends) noexcept;
    size_t home_of(const Slot& slot) const noexcept;
    void insert(Slot slot, uint16_t tunnel);

    std::vector<Tunnel> tunnels_;
    std::array<uint16_t, layout::max_tunnels> place_{};  // in tunnels_
    std::vector<Slot> slots_;
    std::unordered_set<uint64_t> pairs_;  // local and remote
    bool some_take_any_remote_ = false;
};

}  // namespace sluice::tunnel
