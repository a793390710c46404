// SPDX-License-Identifier: BSD-3-Clause
#include "lib/nat/quarantine.h"

namespace sluice::nat {

void Quarantine::add(MappingId id, uint32_t now, uint32_t ticks) noexcept {
    List& list = list_for(queues_[static_cast<unsigned>(id.port_class())], now, ticks);
    list.over = now + ticks;
    slots_[id.bits()].store(SlotWord::quarantined(list.head).bits(), std::memory_order_release);
    list.head = id.bits() + 1;
}

Quarantine::List& Quarantine::list_for(Queue& queue, uint32_t now, uint32_t ticks) noexcept {
    if (queue.size != 0 && now - queue.newest().begun <= ticks / 8) return queue.newest();
    // All lists are in use when nobody took what has rested for long: then it may rest longer.
    if (queue.size == lists) return queue.newest();
    ++queue.size;
    return queue.newest() = {end_of_list, now, now};
}

MappingId Quarantine::take_rested(uint32_t now) noexcept {
    for (Queue& queue : queues_) {
        if (const MappingId id = take_rested_of(queue, now); id.exists()) return id;
    }
    return {};
}

MappingId Quarantine::take_rested_of(Queue& queue, uint32_t now) noexcept {
    while (queue.size != 0) {
        List& oldest = queue.at[queue.first];
        if (static_cast<int32_t>(oldest.over - now) > 0) return {};
        if (oldest.head != end_of_list) {
            const MappingId id = MappingId::from_bits(oldest.head - 1);
            oldest.head = SlotWord(slots_[id.bits()].load(std::memory_order_relaxed)).link();
            return id;
        }
        queue.first = (queue.first + 1) % lists;
        --queue.size;
    }
    return {};
}

}  // namespace sluice::nat
