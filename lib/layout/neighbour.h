// SPDX-License-Identifier: BSD-3-Clause
// A neighbour: what ARP (RFC 826) or Neighbour Discovery (RFC 4861) knows of one address on one
// interface, 48 bytes.
//
// MAC and condition share one 64-bit word, so that any worker can change them by one atomic
// store and none ever sees half a change. How entries move through their conditions stands in
// dataplane/arp/neighbour_table.h.
#pragma once
#include <atomic>
#include <cstdint>

#include "lib/layout/limits.h"
#include "lib/net/address.h"
#include "lib/net/address6.h"

namespace sluice::layout {

enum class NeighbourCondition : uint8_t { none, incomplete, reachable, stale, probe, failed };

// Bits of NeighbourEntry::link.
//   0-47  the MAC address, first byte lowest
//   48    usable: packets may be sent to it without further ado
//   49-51 condition
//   52    static: configured, never ages
//   53    pinned: the plan refers to this entry, it stays in its place
class NeighbourLink {
  public:
    static constexpr uint64_t mac_mask = (uint64_t{1} << 48) - 1;
    static constexpr uint64_t usable_bit = uint64_t{1} << 48;
    static constexpr unsigned condition_shift = 49;
    static constexpr uint64_t condition_mask = uint64_t{7} << condition_shift;
    static constexpr uint64_t static_bit = uint64_t{1} << 52;
    static constexpr uint64_t pinned_bit = uint64_t{1} << 53;

    constexpr explicit NeighbourLink(uint64_t bits = 0) noexcept : bits_(bits) {}
    constexpr uint64_t bits() const noexcept { return bits_; }
    constexpr bool usable() const noexcept { return (bits_ & usable_bit) != 0; }
    constexpr bool is_static() const noexcept { return (bits_ & static_bit) != 0; }
    constexpr bool pinned() const noexcept { return (bits_ & pinned_bit) != 0; }
    constexpr net::MacAddress mac() const noexcept { return net::MacAddress::from_bits(bits_); }
    constexpr NeighbourCondition condition() const noexcept {
        return static_cast<NeighbourCondition>((bits_ & condition_mask) >> condition_shift);
    }
    // A stale neighbour is usable too, but not without probing it, so its bit is off.
    constexpr NeighbourLink with(NeighbourCondition c) const noexcept {
        const bool usable = c == NeighbourCondition::reachable || c == NeighbourCondition::probe;
        return NeighbourLink((bits_ & ~(condition_mask | usable_bit)) |
                             static_cast<uint64_t>(c) << condition_shift |
                             (usable ? usable_bit : 0));
    }
    constexpr NeighbourLink with_mac(net::MacAddress mac) const noexcept {
        return NeighbourLink((bits_ & ~mac_mask) | mac.as_bits());
    }
    constexpr NeighbourLink with_flag(uint64_t flag, bool on) const noexcept {
        return NeighbourLink(on ? bits_ | flag : bits_ & ~flag);
    }

  private:
    uint64_t bits_;
};

// Who the entry is about, as one word: 0 when it is free. Of an IPv6 address there is room for a
// hash only; the address stands in the entry beside it.
struct NeighbourKey {
    static constexpr uint64_t ipv6_bit = uint64_t{1} << 62;

    static constexpr uint64_t of(InterfaceId interface, net::Ipv4Address address) noexcept {
        return uint64_t{1} << 63 | static_cast<uint64_t>(interface) << 32 | address.value;
    }
    static constexpr uint64_t of(InterfaceId interface, net::Ipv6Address address) noexcept {
        uint64_t hash = (address.high * 0x9e3779b97f4a7c15 ^ address.low) * 0xbf58476d1ce4e5b9;
        hash ^= hash >> 32;
        constexpr uint64_t hash_mask = uint64_t{0x3fff} << 48 | 0xffffffff;
        return uint64_t{1} << 63 | ipv6_bit | (hash & hash_mask) |
               static_cast<uint64_t>(interface) << 32;
    }
    static constexpr bool is_ipv6(uint64_t key) noexcept { return (key & ipv6_bit) != 0; }
    static constexpr net::Ipv4Address address(uint64_t key) noexcept {
        return {static_cast<uint32_t>(key)};
    }
    static constexpr InterfaceId interface(uint64_t key) noexcept {
        return static_cast<InterfaceId>(key >> 32);
    }
};

struct NeighbourEntry {
    std::atomic<uint64_t> key;
    std::atomic<uint64_t> link;
    std::atomic<uint32_t> confirmed_ms;  // of the dataplane's clock, which wraps every 49 days
    std::atomic<uint32_t> requested_ms;  // last time a request was sent
    std::atomic<uint32_t> attempts;      // requests without an answer
    std::atomic<uint32_t> changed_ms;    // last change of MAC or condition
    std::atomic<uint64_t> high, low;     // the IPv6 address; written while the key is no one's

    net::Ipv6Address address6() const noexcept {
        return {high.load(std::memory_order_relaxed), low.load(std::memory_order_relaxed)};
    }
};
static_assert(sizeof(NeighbourEntry) == 48);

}  // namespace sluice::layout
