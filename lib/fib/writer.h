// SPDX-License-Identifier: BSD-3-Clause
// The only writer of a Table: keeps the routes and brings the table in place to what they say.
//
// Every address goes straight from its old answer to its new one, with one store. This holds
// for a whole batch too: the routes are changed first, and then each address that one of the
// changes concerns is given its final answer, so that withdrawing a /8 and adding its two
// halves in one batch loses no packet.
//
// A tbl8 group of 256 entries is in one of these states:
//
//   free ──fill──▶ filled ──store to tbl24──▶ in use ──store to tbl24──▶ retired
//     ▲                                                                    │ begin_grace_period()
//     └─────────────────── end_grace_period() ◀── awaiting the readers ◀───┘
//
// A reader may still be on its way into a retired group, so it is filled anew only after every
// reader has passed a quiescent state. Who knows that is the caller: he brackets the wait with
// begin and end, now and then, and gives a callback for the moment when no free group is left.
//
// One thread. Nothing here blocks, but for that callback.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lib/fib/rib.h"
#include "lib/fib/table.h"

namespace sluice::fib {

enum class Status : std::uint8_t {
    ok,
    no_such_route,   // nothing to remove
    bad_next_hop,    // 0 or above max_next_hop
    out_of_groups,   // more than group_count different /24 would hold a longer prefix
    readers_behind,  // accepted; some addresses keep their old answer until the readers move on
};
const char* describe(Status) noexcept;

struct Change {
    net::Ipv4Prefix prefix;
    NextHopId next_hop = no_route;  // no_route removes the prefix, if it is there
};

class Writer {
  public:
    // What the table holds when the writer takes it.
    enum class Found : std::uint8_t {
        zeroed,       // as the kernel gave it; no reader has seen anything else in it
        left_behind,  // by a writer that may have been killed between any two stores
    };
    // Returns true when every reader has passed a quiescent state since the call, false if that
    // takes too long (a worker is stuck).
    using WaitForReaders = std::function<bool()>;

    Writer(Table& table, Found found, WaitForReaders wait_for_readers = {});
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // An error other than readers_behind leaves routes and table as they were.
    Status set(net::Ipv4Prefix prefix, NextHopId next_hop);
    Status remove(net::Ipv4Prefix prefix);
    // As if one by one, a later change of the same prefix winning; removing what is not there
    // is no error.
    Status apply(std::span<const Change> changes);
    // Makes these the routes, whatever the table held. An address that resolves right already
    // is not touched; each other goes from what it resolves to straight to the right answer.
    Status rebuild(std::span<const Route> routes);

    // begin says which groups a following quiescent state of every reader sets free, and
    // whether there are any; end says that it has passed. What is retired between the two
    // waits for the next pair. end also gives addresses left by readers_behind their answer.
    bool begin_grace_period();
    Status end_grace_period();
    // While some addresses keep an old answer, its next hop must stay valid.
    bool readers_behind() const { return !unsettled_.empty(); }

    const Rib& routes() const { return rib_; }

    struct Memory {
        std::size_t table_bytes;          // reserved
        std::size_t table_bytes_touched;  // in 4 KiB pages the writer has stored to or found used
        std::size_t rib_bytes;
        std::size_t groups_in_use;
        std::size_t groups_free;
        std::size_t groups_retired;  // and waiting for the readers
    };
    Memory memory() const;

    // Counts stores to the table; a test stops the writer after any of them, as a kill would.
    std::uint64_t stores() const { return stores_; }
    struct Stopped {};
    void stop_after(std::uint64_t stores) { stop_at_ = stores_ + stores; }

  private:
    using Slot = std::uint32_t;   // index into tbl24
    using Group = std::uint16_t;  // number of a tbl8 group

    // Whether to go on inside a longer prefix that has a route of its own.
    enum class Depth : std::uint8_t { gaps_only, whole };
    static constexpr Slot slot_of(net::Ipv4Address address) { return address.value >> 8; }
    static constexpr Slot nobody = ~Slot{0};
    static constexpr std::size_t slots_per_page = 4096 / sizeof(Entry);

    void adopt_groups();
    NextHopId change_route(const Change& change);
    void undo(std::span<const Change> changes, std::span<const NextHopId> before);

    void paint(net::Ipv4Prefix prefix);
    void paint_all();
    void paint_below(Rib::NodeIndex index, NextHopId inherited, Depth depth);
    void paint_slots_until(std::size_t end, NextHopId next_hop);
    void paint_slot(Slot slot, Rib::NodeIndex topmost, NextHopId inherited);
    void paint_group(Group group, Rib::NodeIndex topmost, NextHopId inherited);
    unsigned paint_entries(Entry* entries, unsigned from, Rib::NodeIndex index,
                           NextHopId inherited);
    Status settle();

    bool leads_to_own_group(Slot slot, Entry entry) const;
    void store_slot(Slot slot, Entry entry);
    void store(Entry& where, Entry what);

    Table& table_;
    WaitForReaders wait_for_readers_;
    Rib rib_;
    std::size_t extended_slots_ = 0;  // in the routes; each needs a group

    std::size_t cursor_ = 0;  // the next slot that paint has to decide on
    std::vector<Slot> owner_ = std::vector<Slot>(group_count, nobody);
    std::vector<Group> free_;
    std::vector<Group> retired_;
    std::vector<Group> awaiting_;
    std::vector<Slot> unsettled_;  // want a group, and there was none
    std::vector<std::uint8_t> touched_ = std::vector<std::uint8_t>(slot_count / slots_per_page);
    std::size_t groups_touched_ = 0;

    std::uint64_t stores_ = 0;
    std::uint64_t stop_at_ = ~std::uint64_t{0};
};

}  // namespace sluice::fib
