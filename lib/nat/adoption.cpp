// SPDX-License-Identifier: BSD-3-Clause
// How the mappings of a process that died become those of the next one. Nobody else is at work.
#include "lib/nat/mappings.h"

namespace sluice::nat {

// Where a level is zero no slot can be in use, and memory that was never touched stays so.
template <typename Function>
void Mappings::each_level_in_use(Function&& function) {
    for (uint32_t n = 0; n < blocks_.size() * port_classes; ++n) {
        const MappingId first(static_cast<PortClass>(n % port_classes), n / port_classes, 0);
        if (!level(first).is_zero()) function(first);
    }
}

// A slot is counted before it is filled and until it is free, so there are no more than that.
template <typename Function>
void Mappings::each_slot_in_use(MappingId first, Function&& function) {
    const uint32_t ports = first.port_class() == PortClass::address ? 1 : ports_a_class;
    uint64_t left = level(first).sum();
    for (uint32_t port = 0; port < ports && left > 0; ++port) {
        const MappingId id = MappingId::from_bits(first.bits() + port);
        if (word(id).is_free()) continue;
        --left;
        function(id, word(id));
    }
}

// Whose ports they were stays, that sessions use them does not. Forwards reserve theirs anew.
void Mappings::begin_adoption() noexcept {
    const auto begin = [&](MappingId id, SlotWord word) {
        if (word.is_mapped() || word.is_shared()) {
            slot(id).store(word.with_sessions(0).bits(), std::memory_order_relaxed);
        } else if (!word.is_quarantined()) {
            slot(id).store(0, std::memory_order_relaxed);
            return;
        }
        take_bit(id);
    };
    each_level_in_use([&](MappingId first) {
        each_slot_in_use(first, begin);
        level(first).reserved = 0;
    });
}

bool Mappings::adopt(MappingId id, Endpoint internal) noexcept {
    const SlotWord wanted = SlotWord::mapped(internal, 0);
    if (!keys_.holds(id) || !wanted.is_mapped()) return false;
    const SlotWord found = word(id);
    const bool lives = !found.is_quarantined() && found.sessions() != 0;
    if (!lives) return adopt_first(id, wanted);
    if (!found.is_mapped() || found.internal() != internal) return false;
    if (found.sessions() == most_sessions_a_mapping) return false;
    slot(id).store(found.with_sessions(found.sessions() + 1).bits(), std::memory_order_relaxed);
    return true;
}

// A session is believed more than a slot that no other session speaks for.
bool Mappings::adopt_first(MappingId id, SlotWord wanted) noexcept {
    claim(id);
    slot(id).store(wanted.bits(), std::memory_order_relaxed);
    if (index_.link(id).linked != MappingIndex::Linked::ok) return false;
    slot(id).store(wanted.with_sessions(1).bits(), std::memory_order_relaxed);
    return true;
}

bool Mappings::adopt_shared(MappingId id) noexcept {
    if (!keys_.holds(id)) return false;
    const SlotWord found = word(id);
    const bool lives = !found.is_quarantined() && found.sessions() != 0;
    if (lives && !found.is_shared()) return false;
    if (lives && found.sessions() == most_sessions_a_mapping) return false;
    claim(id);
    const uint32_t sessions = lives ? found.sessions() + 1 : 1;
    slot(id).store(SlotWord::shared(sessions).bits(), std::memory_order_relaxed);
    return true;
}

void Mappings::claim(MappingId id) noexcept {
    if (take_bit(id)) level(id).used.fetch_add(1, std::memory_order_relaxed);
}

void Mappings::end_adoption(uint32_t now, const QuarantineTimes& times) noexcept {
    each_level_in_use([&](MappingId first) {
        const uint32_t ticks = times[static_cast<unsigned>(first.port_class())];
        uint32_t used = 0;
        uint32_t resting = 0;
        each_slot_in_use(first, [&](MappingId id, SlotWord word) {
            if (!word.is_quarantined() && word.sessions() != 0) {
                ++used;
            } else if (ticks != 0) {
                ++resting;
                inherited_.add(id, now, ticks);
            } else {
                slot(id).store(0, std::memory_order_relaxed);
                give_bit(id);
            }
        });
        level(first).quarantined = resting;
        level(first).used = used;
    });
}

}  // namespace sluice::nat
