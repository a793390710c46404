// SPDX-License-Identifier: BSD-3-Clause
// How the writer brings the table to what the routes say: it walks the trie in address order
// and fills what lies between the nodes. Only final answers are ever stored, and what is right
// already is not stored again.
#include <algorithm>

#include "lib/fib/writer.h"

namespace sluice::fib {
namespace {

NextHopId or_inherited(NextHopId own, NextHopId inherited) {
    return own != no_route ? own : inherited;
}

}  // namespace

// Gives the addresses that this prefix owns, or would own, their answer. Those inside a longer
// prefix that has a route are not concerned by a change of this one and skipped.
void Writer::paint(net::Ipv4Prefix prefix) {
    if (prefix.length >= 24) {
        const Rib::Position slot = rib_.at(net::Ipv4Prefix::of(prefix.address, 24));
        paint_slot(slot_of(prefix.address), slot.topmost, slot.next_hop);
        return;
    }
    const Rib::Position position = rib_.at(prefix);
    const Rib::Node& node = rib_.node(position.topmost);
    cursor_ = slot_of(prefix.address);
    if (node.length == prefix.length) {
        for (const Rib::NodeIndex child : node.child)
            paint_below(child, position.next_hop, Depth::gaps_only);
    } else {
        paint_below(position.topmost, position.next_hop, Depth::gaps_only);
    }
    paint_slots_until(slot_of(prefix.last()) + 1, position.next_hop);
}

void Writer::paint_all() {
    cursor_ = 0;
    paint_below(rib_.at(net::Ipv4Prefix{}).topmost, no_route, Depth::whole);
    paint_slots_until(slot_count, no_route);
}

// Decides on the slots from the cursor to the end of this node.
void Writer::paint_below(Rib::NodeIndex index, NextHopId inherited, Depth depth) {
    if (index == Rib::no_node) return;
    const Rib::Node& node = rib_.node(index);
    const Slot first = slot_of(node.address);
    const std::size_t end = slot_of(node.prefix().last()) + 1;

    paint_slots_until(first, inherited);
    if (node.length <= 24 && node.next_hop != no_route && depth == Depth::gaps_only) {
        cursor_ = end;
    } else if (node.length >= 24) {
        paint_slot(first, index, inherited);
        cursor_ = end;
    } else {
        const NextHopId own = or_inherited(node.next_hop, inherited);
        for (const Rib::NodeIndex child : node.child) paint_below(child, own, depth);
        paint_slots_until(end, own);
    }
}

void Writer::paint_slots_until(std::size_t end, NextHopId next_hop) {
    for (; cursor_ < end; ++cursor_) store_slot(static_cast<Slot>(cursor_), next_hop);
}

// The topmost node inside the slot's /24, or none; inherited is what contains the /24.
void Writer::paint_slot(Slot slot, Rib::NodeIndex topmost, NextHopId inherited) {
    const Rib::Node& node = rib_.node(topmost);
    if (topmost == Rib::no_node) return store_slot(slot, inherited);
    if (node.length == 24 && node.is_leaf()) return store_slot(slot, node.next_hop);

    const Entry now = load_entry(table_.tbl24[slot], std::memory_order_relaxed);
    if (leads_to_own_group(slot, now)) return paint_group(now & max_next_hop, topmost, inherited);
    if (free_.empty()) return unsettled_.push_back(slot);

    const Group group = free_.back();
    paint_group(group, topmost, inherited);
    free_.pop_back();
    owner_[group] = slot;
    groups_touched_ = std::max<std::size_t>(groups_touched_, group + 1u);
    store_slot(slot, extended_bit | group);
}

void Writer::paint_group(Group group, Rib::NodeIndex topmost, NextHopId inherited) {
    Entry* entries = &table_.tbl8[group * group_entries];
    const unsigned next = paint_entries(entries, 0, topmost, inherited);
    for (unsigned i = next; i < group_entries; ++i) store(entries[i], inherited);
}

// Decides on the entries from the given one to the end of this node, and returns that.
unsigned Writer::paint_entries(Entry* entries, unsigned from, Rib::NodeIndex index,
                               NextHopId inherited) {
    if (index == Rib::no_node) return from;
    const Rib::Node& node = rib_.node(index);
    const unsigned first = node.address.value & 0xff;
    const unsigned end = (node.prefix().last().value & 0xff) + 1;

    for (; from < first; ++from) store(entries[from], inherited);
    const NextHopId own = or_inherited(node.next_hop, inherited);
    for (const Rib::NodeIndex child : node.child) from = paint_entries(entries, from, child, own);
    for (; from < end; ++from) store(entries[from], own);
    return end;
}

bool Writer::leads_to_own_group(Slot slot, Entry entry) const {
    const std::size_t group = entry & max_next_hop;
    return (entry & extended_bit) != 0 && group < group_count && owner_[group] == slot;
}

void Writer::store_slot(Slot slot, Entry entry) {
    Entry& where = table_.tbl24[slot];
    const Entry before = load_entry(where, std::memory_order_relaxed);
    if (before == entry) return;
    store(where, entry);
    touched_[slot / slots_per_page] = 1;
    if (leads_to_own_group(slot, before)) {
        const Group group = before & max_next_hop;
        owner_[group] = nobody;
        retired_.push_back(group);
    }
}

// Whoever finds the way into a group must find it filled; a next hop stands for itself.
void Writer::store(Entry& where, Entry what) {
    std::atomic_ref<Entry> entry(where);
    if (entry.load(std::memory_order_relaxed) == what) return;
    const bool leads_on = (what & extended_bit) != 0;
    entry.store(what, leads_on ? std::memory_order_release : std::memory_order_relaxed);
    if (++stores_ == stop_at_) throw Stopped{};
}

}  // namespace sluice::fib
