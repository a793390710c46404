// SPDX-License-Identifier: BSD-3-Clause
// What the routes say and which groups there are; painter.cpp brings it to the table.
#include "lib/fib/writer.h"

#include <algorithm>
#include <utility>

namespace sluice::fib {
namespace {

// From about here one walk over all 16 M slots (some 20 ms) is cheaper than a walk per change,
// and a batch in no order worth sorting, so that the trie is built where the cache is warm.
constexpr std::size_t large_batch = 1 << 15;

bool by_prefix(const Change& a, const Change& b) { return a.prefix < b.prefix; }

bool has_longer_than_24(const Rib& rib, net::Ipv4Address address) {
    const Rib::NodeIndex topmost = rib.at(net::Ipv4Prefix::of(address, 24)).topmost;
    if (topmost == Rib::no_node) return false;
    const Rib::Node& node = rib.node(topmost);
    return node.length > 24 || !node.is_leaf();
}

}  // namespace

const char* describe(Status status) noexcept {
    switch (status) {
        case Status::ok: return "ok";
        case Status::no_such_route: return "there is no route with this prefix";
        case Status::bad_next_hop: return "a next-hop id is 1 to 32767";
        case Status::out_of_groups:
            return "more than 16384 different /24 networks would hold prefixes longer than /24";
        case Status::readers_behind:
            return "accepted, but a worker that does not move on keeps some addresses on their "
                   "old route";
    }
    return "unknown";
}
static_assert(group_count == 16384, "describe() names it");

Writer::Writer(Table& table, Found found, WaitForReaders wait_for_readers)
    : table_(table), wait_for_readers_(std::move(wait_for_readers)) {
    if (found == Found::left_behind) adopt_groups();
    // Of a group nobody leads to, a reader may still be inside if somebody did before.
    std::vector<Group>& unused = found == Found::zeroed ? free_ : retired_;
    for (std::size_t group = group_count; group-- > 0;)
        if (owner_[group] == nobody) unused.push_back(static_cast<Group>(group));
}

// The first slot that leads to a group owns it. No killed writer leaves a second one, nor a
// number beyond the last group; where memory was damaged so, the slot gets a group of its own.
void Writer::adopt_groups() {
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        const Entry entry = load_entry(table_.tbl24[slot], std::memory_order_relaxed);
        if (entry == no_route) continue;
        touched_[slot / slots_per_page] = true;
        const std::size_t group = entry & max_next_hop;
        if (!(entry & extended_bit) || group >= group_count || owner_[group] != nobody) continue;
        owner_[group] = static_cast<Slot>(slot);
        groups_touched_ = std::max(groups_touched_, group + 1);
    }
}

Status Writer::set(net::Ipv4Prefix prefix, NextHopId next_hop) {
    if (next_hop == no_route) return Status::bad_next_hop;
    const Change change{prefix, next_hop};
    return apply({&change, 1});
}

Status Writer::remove(net::Ipv4Prefix prefix) {
    if (rib_.find(prefix) == no_route) return Status::no_such_route;
    const Change change{prefix, no_route};
    return apply({&change, 1});
}

Status Writer::apply(std::span<const Change> changes) {
    for (const Change& change : changes)
        if (change.next_hop > max_next_hop) return Status::bad_next_hop;

    std::vector<Change> sorted;
    const bool large = changes.size() >= large_batch;
    if (large && !std::ranges::is_sorted(changes, by_prefix)) {
        sorted.assign(changes.begin(), changes.end());
        std::ranges::stable_sort(sorted, by_prefix);  // the later of two stays the later
        changes = sorted;
    }

    std::vector<NextHopId> before;
    before.reserve(changes.size());
    for (const Change& change : changes) before.push_back(change_route(change));
    if (extended_slots_ > group_count) {
        undo(changes, before);
        return Status::out_of_groups;
    }

    if (large) {
        paint_all();
    } else {
        for (const Change& change : changes) paint(change.prefix);
    }
    return settle();
}

Status Writer::rebuild(std::span<const Route> routes) {
    for (const Route& route : routes)
        if (route.next_hop == no_route || route.next_hop > max_next_hop)
            return Status::bad_next_hop;

    Rib rib_before = std::exchange(rib_, Rib{});
    const std::size_t extended_before = std::exchange(extended_slots_, 0);
    for (const Route& route : routes) change_route({route.prefix, route.next_hop});
    if (extended_slots_ > group_count) {
        rib_ = std::move(rib_before);
        extended_slots_ = extended_before;
        return Status::out_of_groups;
    }

    paint_all();
    return settle();
}

// Gives back the next hop the prefix had before.
NextHopId Writer::change_route(const Change& change) {
    const net::Ipv4Prefix prefix = change.prefix;
    const bool add = change.next_hop != no_route;
    if (prefix.length <= 24) return add ? rib_.set(prefix, change.next_hop) : rib_.erase(prefix);

    const bool extended_before = has_longer_than_24(rib_, prefix.address);
    const NextHopId before = add ? rib_.set(prefix, change.next_hop) : rib_.erase(prefix);
    const bool extended_now = has_longer_than_24(rib_, prefix.address);
    extended_slots_ += extended_now;
    extended_slots_ -= extended_before;
    return before;
}

void Writer::undo(std::span<const Change> changes, std::span<const NextHopId> before) {
    for (std::size_t i = changes.size(); i-- > 0;) change_route({changes[i].prefix, before[i]});
}

bool Writer::begin_grace_period() {
    if (awaiting_.empty()) awaiting_.swap(retired_);
    return !awaiting_.empty();
}

Status Writer::end_grace_period() {
    free_.insert(free_.end(), awaiting_.begin(), awaiting_.end());
    awaiting_.clear();
    return settle();
}

// Paints the slots that found no free group. There are enough groups for all of them once the
// readers have left the retired ones, since no more than group_count slots need one.
Status Writer::settle() {
    if (unsettled_.empty()) return Status::ok;
    if (free_.size() < unsettled_.size() && wait_for_readers_ && wait_for_readers_()) {
        free_.insert(free_.end(), awaiting_.begin(), awaiting_.end());
        free_.insert(free_.end(), retired_.begin(), retired_.end());
        awaiting_.clear();
        retired_.clear();
    }
    for (const Slot slot : std::exchange(unsettled_, {}))
        paint(net::Ipv4Prefix::of({slot << 8}, 24));
    return unsettled_.empty() ? Status::ok : Status::readers_behind;
}

Writer::Memory Writer::memory() const {
    const auto pages = static_cast<std::size_t>(std::ranges::count(touched_, 1));
    const std::size_t unused = free_.size() + retired_.size() + awaiting_.size();
    return {
        .table_bytes = sizeof(Table),
        .table_bytes_touched = pages * slots_per_page * sizeof(Entry) +
                               groups_touched_ * group_entries * sizeof(Entry),
        .rib_bytes = rib_.bytes(),
        .groups_in_use = group_count - unused,
        .groups_free = free_.size(),
        .groups_retired = retired_.size() + awaiting_.size(),
    };
}

}  // namespace sluice::fib
