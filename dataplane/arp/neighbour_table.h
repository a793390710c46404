// SPDX-License-Identifier: BSD-3-Clause
// The neighbours of all interfaces: which MAC address answers for which IP address.
// ARP and Neighbour Discovery (RFC 4861) share it, and its conditions.
//
//                 packet to it                    reply                   silence
//   (no entry) ────────────────▶ incomplete ────────────────▶ reachable    ┄┄┄┄┄┄▶ failed
//                                                                │ not confirmed for reachable_ms
//                  reply                 packet to it            ▼
//   reachable ◀───────────── probe ◀──────────────────────────  stale
//                              ┆ silence
//                              ▼
//   (no entry) ◀───────────  failed  ──── packet to it ────▶ incomplete
//               a minute later
//
// reachable and probe are usable: packets flow. Static entries are reachable for ever.
//
// The table lies in the state memory and outlives the process. It is set-associative: a key has
// one set of eight places it may be in, so that finding, adding and removing need neither a lock
// nor a chain. Any worker may add an entry or change one; each change is one compare-and-swap of
// one word. Two workers may add the same key at the same time into two places of the set; find()
// then always returns the first, and the other ages away.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/layout/neighbour.h"
#include "lib/layout/snapshot.h"

namespace sluice {

using layout::InterfaceId;
using layout::NeighbourCondition;
using layout::NeighbourEntry;
using layout::NeighbourLink;

// Of whom an entry is: the interface, and an address of either IP on it.
struct Neighbour {
    Neighbour(InterfaceId interface, net::Ipv4Address a) noexcept
        : key(layout::NeighbourKey::of(interface, a)) {}
    Neighbour(InterfaceId interface, net::Ipv6Address a) noexcept
        : key(layout::NeighbourKey::of(interface, a)), address6(a) {}

    uint64_t key;
    net::Ipv6Address address6;  // ::, of an IPv4 address
};

class NeighbourTable {
  public:
    static constexpr unsigned set_size = 8;
    static constexpr uint32_t none = (1u << 24) - 1;  // fits an Adjacency

    // `entries`: a power of two of them, at least one set; zeroed, or as another process left them.
    explicit NeighbourTable(std::span<NeighbourEntry> entries) noexcept;

    // The entry's place, or none.
    uint32_t find(const Neighbour& who) const noexcept;
    uint32_t find(InterfaceId interface, net::Ipv4Address address) const noexcept {
        return find(Neighbour(interface, address));
    }
    // As find(); adds an incomplete entry if there is none. A set that is full gives up the
    // entry that failed or waits longest for an answer, and so does a table that holds
    // `max_entries`; none when there is no such entry. So a scan of a whole network pushes out its
    // own entries, and never a host that has answered.
    uint32_t find_or_add(const Neighbour& who, uint32_t now_ms, uint32_t max_entries) noexcept;
    uint32_t find_or_add(InterfaceId interface, net::Ipv4Address address, uint32_t now_ms,
                         uint32_t max_entries) noexcept {
        return find_or_add(Neighbour(interface, address), now_ms, max_entries);
    }

    NeighbourLink link(uint32_t place) const noexcept {
        return NeighbourLink(entries_[place].link.load(std::memory_order_relaxed));
    }
    NeighbourEntry& entry(uint32_t place) const noexcept { return entries_[place]; }
    uint32_t size() const noexcept { return static_cast<uint32_t>(entries_.size()); }

    // The address was heard from: it is reachable at this MAC. Returns what was known before.
    NeighbourLink confirm(uint32_t place, const Neighbour& who, net::MacAddress mac,
                          uint32_t now_ms) noexcept;
    NeighbourLink confirm(uint32_t place, InterfaceId interface, net::Ipv4Address address,
                          net::MacAddress mac, uint32_t now_ms) noexcept {
        return confirm(place, Neighbour(interface, address), mac, now_ms);
    }
    // Moves an entry on, if it still is in the first condition. True for the one that did it.
    bool move(uint32_t place, NeighbourCondition from, NeighbourCondition to,
              uint32_t now_ms) noexcept;
    // True for the one caller, of all workers, that is to send a request now.
    bool claim_request(uint32_t place, uint32_t now_ms, uint32_t interval_ms) noexcept;

    // The main thread's.
    void set_static(uint32_t place, net::MacAddress mac, uint32_t now_ms) noexcept;
    void set_flag(uint32_t place, uint64_t flag, bool on) noexcept;
    void remove(uint32_t place) noexcept;
    // Reachable entries become stale, unanswered ones fail, old ones go. An entry is freed one
    // sweep after it was taken out of use, so that no worker still uses it.
    void sweep(uint32_t now_ms, const layout::ArpSettings& settings) noexcept;
    // The next part of a sweep: who calls it so many times a second never holds up a worker that
    // shares the main thread's core for longer than some microseconds. A part without an entry is
    // not looked at.
    static constexpr uint32_t sweep_parts = 128;
    void sweep_next(uint32_t now_ms, const layout::ArpSettings& settings) noexcept;
    // Who is at the other end of a cable that was out may be another: each neighbour behind these
    // interfaces (a bit for each) is asked for anew.
    void doubt(uint64_t interfaces, uint32_t now_ms) noexcept;
    // After a restart: whoever waited for an answer is gone.
    void adopt(uint32_t now_ms) noexcept;
    uint32_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

  private:
    void sweep(uint32_t first, uint32_t end, uint32_t now_ms,
               const layout::ArpSettings& settings) noexcept;
    void age(uint32_t place, uint32_t now_ms, const layout::ArpSettings& settings) noexcept;
    uint32_t part_of(uint32_t place) const noexcept;
    void add_to_counts(const NeighbourEntry& entry, int more) noexcept;
    std::span<NeighbourEntry> set_of(uint64_t key) const noexcept;
    static NeighbourEntry* free_place(std::span<NeighbourEntry> set, unsigned first) noexcept;
    static NeighbourEntry* most_dispensable(std::span<NeighbourEntry> set,
                                            uint32_t now_ms) noexcept;
    // Frees some place; looks at a bounded number of sets, a different part of them each time.
    bool make_room(uint32_t now_ms) noexcept;
    uint32_t place_of(const NeighbourEntry& entry) const noexcept {
        return static_cast<uint32_t>(&entry - entries_.data());
    }

    std::span<NeighbourEntry> entries_;
    std::atomic<uint32_t> count_{0};
    std::array<std::atomic<uint32_t>, sweep_parts> in_part_{};  // entries
    std::atomic<uint32_t> evict_next_{0};                       // the set to look at next
    uint32_t next_part_ = 0;                                    // of a sweep
};

}  // namespace sluice
