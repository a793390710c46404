// SPDX-License-Identifier: BSD-3-Clause
// External ports that rest after use (RFC 6888 REQ-8), so that packets for who had them last do
// not reach who gets them next. Lists that go through the ports' own slots; one thread's.
//
// A list takes what comes within an eighth of the time to rest, and ends when its last one has
// rested; so a port rests at most an eighth longer than it should.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "lib/nat/mapping.h"

namespace sluice::nat {

// In ticks, by PortClass; 0: none, the port is free at once (RFC 6888 REQ-8 A and C).
using QuarantineTimes = std::array<uint32_t, port_classes>;

class Quarantine {
  public:
    explicit Quarantine(std::span<Slot> slots) noexcept : slots_(slots) {}

    // For the slot's owner, who it belongs to no more.
    void add(MappingId, uint32_t now, uint32_t ticks) noexcept;
    // One that has rested, and whose slot is the caller's now; or none.
    MappingId take_rested(uint32_t now) noexcept;

  private:
    static constexpr unsigned lists = 16;
    static constexpr uint32_t end_of_list = ~uint32_t{0};

    struct List {
        uint32_t head = end_of_list;  // a link: MappingId::bits() + 1
        uint32_t begun = 0;
        uint32_t over = 0;
    };
    struct Queue {
        std::array<List, lists> at;
        unsigned first = 0;
        unsigned size = 0;
        List& newest() noexcept { return at[(first + size - 1) % lists]; }
    };
    List& list_for(Queue&, uint32_t now, uint32_t ticks) noexcept;
    MappingId take_rested_of(Queue&, uint32_t now) noexcept;

    std::span<Slot> slots_;
    std::array<Queue, port_classes> queues_;
};

}  // namespace sluice::nat
