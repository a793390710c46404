// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/mapper.h"

#include <algorithm>
#include <utility>

namespace sluice::nat {
namespace {

constexpr uint16_t last_privileged = 1023;

// The ports of the range on the same side of 1024 as `port` (RFC 4787 REQ-3), and the others.
// Either may be empty: then its first is above its last.
struct Sides {
    PortRange own;
    PortRange other;
};
Sides sides_of(const Wish& wish) noexcept {
    const PortRange low{wish.range.first, std::min(wish.range.last, last_privileged)};
    const PortRange high{std::max<uint16_t>(wish.range.first, last_privileged + 1),
                         wish.range.last};
    return wish.internal.port <= last_privileged ? Sides{low, high} : Sides{high, low};
}

bool is_empty(PortRange range) noexcept { return range.first > range.last; }
uint32_t size_of(PortRange range) noexcept { return range.last - range.first + 1u; }
bool is_in(PortRange range, uint32_t port) noexcept {
    return range.first <= port && port <= range.last;
}

// The side that is looked through first.
PortRange first_side(const Wish& wish) noexcept {
    const Sides sides = sides_of(wish);
    return is_empty(sides.own) ? sides.other : sides.own;
}

flow::FlowKey key_of(const Wish& wish) noexcept {
    return MappingKeys::key_of(wish.port_class, wish.internal, wish.address_index);
}

// Where the search begins; `drawn` is below the side's size.
MappingId start_in(const Wish& wish, PortRange side, uint32_t drawn) noexcept {
    const uint32_t wanted = wish.internal.port;
    uint32_t start = is_in(side, wanted) ? wanted : side.first;
    if (wish.random) start = side.first + drawn;
    if (wish.keep_parity && (start ^ wanted) % 2 != 0) {
        // Its neighbour on either hand, unless the side has neither.
        const uint32_t near = is_in(side, start ^ 1) ? start ^ 1 : 2 * start - (start ^ 1);
        if (is_in(side, near)) start = near;
    }
    return {wish.port_class, wish.address_index, static_cast<uint16_t>(start)};
}

}  // namespace

Mapper::Mapper(Mappings& mappings, const QuarantineTimes& times)
    : mappings_(mappings), times_(times), quarantine_(mappings.keys_.slots) {
    if (!mappings.inherited_taken_.exchange(true)) quarantine_ = mappings.inherited_;
}

Acquired Mapper::acquire(const Wish& wish, const Foreseen* foreseen) noexcept {
    const auto key = key_of(wish);
    const uint64_t hash = foreseen != nullptr ? foreseen->hash : mappings_.index_.hash(key);
    if (mappings_.index_.may_have(hash)) {
        const MappingId found = mappings_.index_.find(key, hash);
        if (found.exists()) return join(found, wish.internal);
    }
    const MappingId id = take_port(wish, first_port(wish, foreseen));
    return id.exists() ? make(id, wish.internal, key, hash) : Acquired{Got::no_port, {}};
}

Acquired Mapper::acquire_address(uint32_t internal_address, uint16_t pool_id,
                                 std::span<const uint16_t> pool) noexcept {
    const Endpoint internal{internal_address, pool_id};
    const auto key = MappingKeys::key_of(PortClass::address, internal, 0);
    const uint64_t hash = mappings_.index_.hash(key);
    const MappingId found = mappings_.index_.find(key, hash);
    if (found.exists()) return join(found, internal);
    const MappingId id = take_whole(pool);
    return id.exists() ? make(id, internal, key, hash) : Acquired{Got::no_port, {}};
}

Acquired Mapper::acquire_shared(PortClass port_class, uint32_t address_index,
                                uint16_t port) noexcept {
    const MappingId id(port_class, address_index, port);
    uint64_t bits = mappings_.slot(id).load(std::memory_order_acquire);
    while (SlotWord(bits).is_shared() && SlotWord(bits).sessions() != 0) {
        const uint32_t sessions = SlotWord(bits).sessions();
        if (sessions == most_sessions_a_mapping) return {Got::too_many_sessions, {}};
        const uint64_t more = SlotWord::shared(sessions + 1).bits();
        if (mappings_.slot(id).compare_exchange_weak(bits, more)) return {Got::existing, id};
    }
    if (!SlotWord(bits).is_free() || !mappings_.take_bit(id)) return {Got::no_port, {}};
    mappings_.fill(id, SlotWord::shared(1), mappings_.level(id).used);
    return {Got::made, id};
}

// The word says whose mapping it is, so the exchange can not hit another's.
Acquired Mapper::join(MappingId id, Endpoint internal) noexcept {
    uint64_t bits = mappings_.slot(id).load(std::memory_order_acquire);
    while (SlotWord(bits).is_mapped() && SlotWord(bits).internal() == internal) {
        const uint32_t sessions = SlotWord(bits).sessions();
        if (sessions == 0) break;
        if (sessions == most_sessions_a_mapping) return {Got::too_many_sessions, {}};
        const uint64_t more = SlotWord::mapped(internal, sessions + 1).bits();
        if (mappings_.slot(id).compare_exchange_weak(bits, more)) return {Got::existing, id};
    }
    return {Got::busy, {}};
}

// Has no sessions, and so is nobody's to use, until the index has taken it.
Acquired Mapper::make(MappingId id, Endpoint internal, const flow::FlowKey& key,
                      uint64_t hash) noexcept {
    const SlotWord mapped = SlotWord::mapped(internal, 0);
    mappings_.fill(id, mapped, mappings_.level(id).used);
    const auto [linked, holder] = mappings_.index_.link(id, key, hash);
    if (linked == MappingIndex::Linked::ok) {
        mappings_.slot(id).store(mapped.with_sessions(1).bits(), std::memory_order_release);
        return {Got::made, id};
    }
    mappings_.free(id, mappings_.level(id).used);
    if (linked == MappingIndex::Linked::exists) return join(holder, internal);
    return {linked == MappingIndex::Linked::full ? Got::full : Got::busy, {}};
}

Foreseen Mapper::foresee(const Wish& wish, unsigned later) noexcept {
    const PortRange side = first_side(wish);
    const uint32_t drawn = wish.random ? random_.peek_below(size_of(side), later) : 0;
    return {mappings_.index_.hash(key_of(wish)), start_in(wish, side, drawn),
            static_cast<uint32_t>(random_.drawn()) + later};
}

MappingId Mapper::draw(const Wish& wish, PortRange side) noexcept {
    return start_in(wish, side, wish.random ? random_.below(size_of(side)) : 0);
}

MappingId Mapper::first_port(const Wish& wish, const Foreseen* foreseen) noexcept {
    if (foreseen == nullptr || foreseen->draw != static_cast<uint32_t>(random_.drawn())) {
        return draw(wish, first_side(wish));
    }
    if (wish.random) random_.skip();
    return foreseen->port;
}

MappingId Mapper::take_port(const Wish& wish, MappingId first) noexcept {
    if (mappings_.take_bit_if_free(first)) return first;
    const MappingId id = search(wish, first_side(wish), first.port());
    const auto [own, other] = sides_of(wish);
    if (id.exists() || is_empty(own) || is_empty(other)) return id;
    return search(wish, other, draw(wish, other).port());
}

MappingId Mapper::search(const Wish& wish, PortRange side, uint32_t start) noexcept {
    const MappingId id = take_of_parity(wish, side, start);
    return id.exists() ? id : take_of_parity(wish, side, start ^ 1);
}

// The first free port of the start's parity in the range, from there on and then from its begin.
MappingId Mapper::take_of_parity(const Wish& wish, PortRange range, uint32_t start) noexcept {
    const uint32_t first = range.first + ((range.first ^ start) & 1);
    if (first > range.last) return {};
    const uint32_t last = range.last - ((range.last ^ start) & 1);
    const uint32_t from = std::clamp(start, first, last);
    const MappingId any(wish.port_class, wish.address_index, 0);
    const uint32_t place =
        mappings_.ports(any).take_between(Mappings::place_of(static_cast<uint16_t>(first)),
                                          Mappings::place_of(static_cast<uint16_t>(last)) + 1,
                                          Mappings::place_of(static_cast<uint16_t>(from)));
    if (place == flow::FreePlaces::none) return {};
    return {wish.port_class, wish.address_index, Mappings::port_at(place)};
}

MappingId Mapper::take_whole(std::span<const uint16_t> pool) noexcept {
    if (pool.empty()) return {};
    size_t at = random_.below(static_cast<uint32_t>(pool.size()));
    for (size_t looked = 0; looked < pool.size(); ++looked) {
        const MappingId id(PortClass::address, pool[at], 0);
        if (mappings_.take_bit_if_free(id)) return id;
        at = at + 1 == pool.size() ? 0 : at + 1;
    }
    return {};
}

bool Mapper::release(MappingId id, uint32_t now) noexcept {
    uint64_t bits = mappings_.slot(id).load(std::memory_order_acquire);
    SlotWord fewer;
    do {
        if (SlotWord(bits).is_quarantined() || SlotWord(bits).sessions() == 0) return false;
        fewer = SlotWord(bits).with_sessions(SlotWord(bits).sessions() - 1);
    } while (!mappings_.slot(id).compare_exchange_weak(bits, fewer.bits()));
    if (fewer.sessions() != 0) return false;
    const bool marked = mappings_.take_mark(id);
    fewer.is_shared() ? put_to_rest(id, now) : end(id, now);
    return marked;
}

// All that waits for one bucket are the few keys that it has room for; so the list is not filled
// but by many workers that stand still at once, and then one that goes on waits for them.
void Mapper::end(MappingId id, uint32_t now) noexcept {
    while (!mappings_.index_.unlink(id)) {
        if (pending_count_ == most_pending) continue;
        pending_[pending_count_++] = id;
        return;
    }
    put_to_rest(id, now);
}

void Mapper::put_to_rest(MappingId id, uint32_t now) noexcept {
    Level& level = mappings_.level(id);
    const uint32_t ticks = times_[static_cast<unsigned>(id.port_class())];
    if (ticks == 0) return mappings_.free(id, level.used);
    level.quarantined.fetch_add(1, std::memory_order_relaxed);
    quarantine_.add(id, now, ticks);
    level.used.fetch_sub(1, std::memory_order_relaxed);
}

void Mapper::tick(uint32_t now) noexcept {
    retry_pending(now);
    for (unsigned ended = 0; ended < ended_a_call; ++ended) {
        const MappingId id = quarantine_.take_rested(now);
        if (!id.exists()) return;
        mappings_.free(id, mappings_.level(id).quarantined);
    }
}

void Mapper::retry_pending(uint32_t now) noexcept {
    if (pending_count_ == 0) return;
    const auto pending = pending_;
    const unsigned count = std::exchange(pending_count_, 0);
    for (unsigned i = 0; i < count; ++i) end(pending[i], now);
}

}  // namespace sluice::nat
