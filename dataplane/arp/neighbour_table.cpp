// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/arp/neighbour_table.h"

#include <bit>
#include <cassert>

namespace sluice {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr uint32_t failed_stays_ms = 60'000;
constexpr uint32_t unattended_ms = 10'000;
constexpr unsigned sets_to_search = 64;
constexpr uint64_t in_transit = 1;  // no key has its highest bit clear

uint64_t mix(uint64_t key) noexcept {
    key *= 0x9e3779b97f4a7c15;
    return key >> 32;
}

// Of the clock, which wraps.
uint32_t since(uint32_t then_ms, uint32_t now_ms) noexcept { return now_ms - then_ms; }

bool may_be_evicted(NeighbourLink link) noexcept {
    const NeighbourCondition c = link.condition();
    return !link.pinned() && !link.is_static() &&
           (c == NeighbourCondition::incomplete || c == NeighbourCondition::failed);
}

}  // namespace

NeighbourTable::NeighbourTable(std::span<NeighbourEntry> entries) noexcept : entries_(entries) {
    assert(std::has_single_bit(entries.size()) && entries.size() >= set_size);
    for (const NeighbourEntry& e : entries_) {
        if (e.key.load(relaxed) != 0) add_to_counts(e, 1);
    }
}

// The part of a sweep that the place is in: the last that begins there or before.
uint32_t NeighbourTable::part_of(uint32_t place) const noexcept {
    return static_cast<uint32_t>(((place + 1ull) * sweep_parts - 1) / size());
}

void NeighbourTable::add_to_counts(const NeighbourEntry& entry, int more) noexcept {
    count_.fetch_add(static_cast<uint32_t>(more), relaxed);
    in_part_[part_of(place_of(entry))].fetch_add(static_cast<uint32_t>(more), relaxed);
}

std::span<NeighbourEntry> NeighbourTable::set_of(uint64_t key) const noexcept {
    const size_t set = mix(key) & (entries_.size() / set_size - 1);
    return entries_.subspan(set * set_size, set_size);
}

// The key is stored last, so whoever sees it sees the address that goes with it.
uint32_t NeighbourTable::find(const Neighbour& who) const noexcept {
    for (const NeighbourEntry& e : set_of(who.key)) {
        if (e.key.load(std::memory_order_acquire) == who.key && e.address6() == who.address6) {
            return place_of(e);
        }
    }
    return none;
}

NeighbourEntry* NeighbourTable::free_place(std::span<NeighbourEntry> set, unsigned first) noexcept {
    for (unsigned i = 0; i < set_size; ++i) {
        NeighbourEntry& e = set[(first + i) % set_size];
        if (e.key.load(relaxed) == 0) return &e;
    }
    return nullptr;
}

// Of those that no answer has come from: the one that has waited longest.
NeighbourEntry* NeighbourTable::most_dispensable(std::span<NeighbourEntry> set,
                                                 uint32_t now_ms) noexcept {
    NeighbourEntry* oldest = nullptr;
    uint32_t oldest_age = 0;
    for (NeighbourEntry& e : set) {
        if (e.key.load(relaxed) == 0 || !may_be_evicted(NeighbourLink(e.link.load(relaxed))))
            continue;
        const uint32_t age = since(e.changed_ms.load(relaxed), now_ms);
        if (oldest == nullptr || age > oldest_age) {
            oldest = &e;
            oldest_age = age;
        }
    }
    return oldest;
}

bool NeighbourTable::make_room(uint32_t now_ms) noexcept {
    const size_t sets = entries_.size() / set_size;
    for (unsigned tried = 0; tried < sets_to_search; ++tried) {
        const size_t set = evict_next_.fetch_add(1, relaxed) % sets;
        NeighbourEntry* e = most_dispensable(entries_.subspan(set * set_size, set_size), now_ms);
        if (e == nullptr) continue;
        uint64_t held = e->key.load(relaxed);
        if (held == 0 || held == in_transit ||
            !e->key.compare_exchange_strong(held, in_transit, relaxed)) {
            continue;
        }
        e->link.store(0, relaxed);
        e->key.store(0, std::memory_order_release);
        add_to_counts(*e, -1);
        return true;
    }
    return false;
}

uint32_t NeighbourTable::find_or_add(const Neighbour& who, uint32_t now_ms,
                                     uint32_t max_entries) noexcept {
    const uint64_t key = who.key;
    const std::span<NeighbourEntry> set = set_of(key);
    const uint64_t fresh = NeighbourLink().with(NeighbourCondition::incomplete).bits();

    // A place that another worker takes first costs one more look at the set.
    for (unsigned attempt = 0; attempt < set_size; ++attempt) {
        if (const uint32_t place = find(who); place != none) return place;

        // Places are tried from one that the key picks: were it always the first, all entries
        // would lie four cache lines apart and share a quarter of the nearest cache.
        const auto first = static_cast<unsigned>(mix(key) / entries_.size() % set_size);
        NeighbourEntry* place = free_place(set, first);
        uint64_t held = 0;
        if (place == nullptr) {
            place = most_dispensable(set, now_ms);
            if (place == nullptr) return none;
            held = place->key.load(relaxed);
            if (held == 0) continue;
        } else if (count() >= max_entries && !make_room(now_ms)) {
            return none;
        }
        // Nobody finds the place by the old key nor by the new one while it changes hands.
        if (!place->key.compare_exchange_strong(held, in_transit, relaxed)) continue;
        place->attempts.store(0, relaxed);
        place->requested_ms.store(now_ms - unattended_ms, relaxed);
        place->changed_ms.store(now_ms, relaxed);
        place->high.store(who.address6.high, relaxed);
        place->low.store(who.address6.low, relaxed);
        place->link.store(fresh, relaxed);
        place->key.store(key, std::memory_order_release);
        if (held == 0) add_to_counts(*place, 1);
        return place_of(*place);
    }
    return none;
}

NeighbourLink NeighbourTable::confirm(uint32_t place, const Neighbour& who, net::MacAddress mac,
                                      uint32_t now_ms) noexcept {
    NeighbourEntry& e = entries_[place];
    uint64_t before = e.link.load(relaxed);
    for (;;) {
        const NeighbourLink known(before);
        if (known.is_static()) return known;
        const uint64_t after = known.with(NeighbourCondition::reachable).with_mac(mac).bits();
        if (e.link.compare_exchange_weak(before, after, relaxed)) break;
    }
    // Another worker gave the place to another address since it was found: not its MAC.
    if (e.key.load(relaxed) != who.key) {
        move(place, NeighbourCondition::reachable, NeighbourCondition::incomplete, now_ms);
        return NeighbourLink();
    }
    e.confirmed_ms.store(now_ms, relaxed);
    e.attempts.store(0, relaxed);
    if (NeighbourLink(before).condition() != NeighbourCondition::reachable ||
        NeighbourLink(before).mac() != mac) {
        e.changed_ms.store(now_ms, relaxed);
    }
    return NeighbourLink(before);
}

bool NeighbourTable::move(uint32_t place, NeighbourCondition from, NeighbourCondition to,
                          uint32_t now_ms) noexcept {
    NeighbourEntry& e = entries_[place];
    uint64_t before = e.link.load(relaxed);
    do {
        const NeighbourLink known(before);
        if (known.condition() != from || known.is_static()) return false;
    } while (!e.link.compare_exchange_weak(before, NeighbourLink(before).with(to).bits(), relaxed));
    e.attempts.store(0, relaxed);
    e.changed_ms.store(now_ms, relaxed);
    return true;
}

bool NeighbourTable::claim_request(uint32_t place, uint32_t now_ms, uint32_t interval_ms) noexcept {
    NeighbourEntry& e = entries_[place];
    uint32_t last = e.requested_ms.load(relaxed);
    return since(last, now_ms) >= interval_ms &&
           e.requested_ms.compare_exchange_strong(last, now_ms, relaxed);
}

void NeighbourTable::set_static(uint32_t place, net::MacAddress mac, uint32_t now_ms) noexcept {
    NeighbourEntry& e = entries_[place];
    const NeighbourLink link =
        NeighbourLink(e.link.load(relaxed)).with(NeighbourCondition::reachable).with_mac(mac);
    e.link.store(link.with_flag(NeighbourLink::static_bit, true).bits(), relaxed);
    e.confirmed_ms.store(now_ms, relaxed);
    e.changed_ms.store(now_ms, relaxed);
}

void NeighbourTable::set_flag(uint32_t place, uint64_t flag, bool on) noexcept {
    if (on) {
        entries_[place].link.fetch_or(flag, relaxed);
    } else {
        entries_[place].link.fetch_and(~flag, relaxed);
    }
}

void NeighbourTable::remove(uint32_t place) noexcept {
    NeighbourEntry& e = entries_[place];
    if (e.key.exchange(0, relaxed) != 0) add_to_counts(e, -1);
    e.link.store(0, relaxed);
}

void NeighbourTable::sweep(uint32_t now_ms, const layout::ArpSettings& settings) noexcept {
    sweep(0, size(), now_ms, settings);
}

void NeighbourTable::sweep_next(uint32_t now_ms, const layout::ArpSettings& settings) noexcept {
    const uint32_t part = next_part_++ % sweep_parts;
    if (in_part_[part].load(relaxed) == 0) return;
    const auto begin_of = [&](uint64_t n) {
        return static_cast<uint32_t>(n * size() / sweep_parts);
    };
    sweep(begin_of(part), begin_of(part + 1), now_ms, settings);
}

void NeighbourTable::sweep(uint32_t first, uint32_t end, uint32_t now_ms,
                           const layout::ArpSettings& settings) noexcept {
    for (uint32_t place = first; place < end; ++place) {
        if (entries_[place].key.load(relaxed) != 0) age(place, now_ms, settings);
    }
}

void NeighbourTable::age(uint32_t place, uint32_t now_ms,
                         const layout::ArpSettings& settings) noexcept {
    NeighbourEntry& e = entries_[place];
    const NeighbourLink link(e.link.load(relaxed));
    const uint32_t unchanged = since(e.changed_ms.load(relaxed), now_ms);
    switch (link.condition()) {
        case NeighbourCondition::reachable:
            if (since(e.confirmed_ms.load(relaxed), now_ms) > settings.reachable_ms) {
                move(place, NeighbourCondition::reachable, NeighbourCondition::stale, now_ms);
            }
            break;
        case NeighbourCondition::incomplete:
        case NeighbourCondition::probe:
            // The worker that asked is not asking any more; or a plan wanted the place, and
            // nobody has asked yet: then nothing is known against the neighbour.
            if (unchanged > unattended_ms &&
                since(e.requested_ms.load(relaxed), now_ms) > unattended_ms) {
                const bool asked = e.attempts.load(relaxed) > 0;
                move(place, link.condition(),
                     asked ? NeighbourCondition::failed : NeighbourCondition::none, now_ms);
            }
            break;
        case NeighbourCondition::failed:
            if (unchanged > failed_stays_ms && !link.pinned()) {
                move(place, NeighbourCondition::failed, NeighbourCondition::none, now_ms);
            }
            break;
        case NeighbourCondition::stale:
            if (unchanged > settings.stale_ms && !link.pinned()) {
                move(place, NeighbourCondition::stale, NeighbourCondition::none, now_ms);
            }
            break;
        case NeighbourCondition::none:
            if (!link.pinned()) remove(place);
            break;
    }
}

void NeighbourTable::doubt(uint64_t interfaces, uint32_t now_ms) noexcept {
    if (interfaces == 0) return;
    for (uint32_t place = 0; place < size(); ++place) {
        const uint64_t key = entries_[place].key.load(relaxed);
        const InterfaceId id = layout::NeighbourKey::interface(key);
        if (key == 0 || id >= layout::max_ports || (interfaces >> id & 1) == 0) continue;
        using enum NeighbourCondition;
        for (const auto condition : {reachable, stale, probe}) {
            if (move(place, condition, incomplete, now_ms)) break;
        }
    }
}

void NeighbourTable::adopt(uint32_t now_ms) noexcept {
    for (uint32_t place = 0; place < size(); ++place) {
        NeighbourEntry& e = entries_[place];
        const uint64_t key = e.key.load(relaxed);
        if (key == in_transit) remove(place);
        if (key == 0 || key == in_transit) continue;
        set_flag(place, NeighbourLink::pinned_bit, false);
        e.requested_ms.store(now_ms - unattended_ms, relaxed);
        e.attempts.store(0, relaxed);
        move(place, NeighbourCondition::probe, NeighbourCondition::stale, now_ms);
        move(place, NeighbourCondition::incomplete, NeighbourCondition::failed, now_ms);
    }
}

}  // namespace sluice
