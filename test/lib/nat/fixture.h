// SPDX-License-Identifier: BSD-3-Clause
// What the tests of mappings share: memory for them, wishes, and a judge of all mappings.
#pragma once
#include <array>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "lib/nat/mapper.h"
#include "lib/nat/mappings.h"
#include "test/lib/flow/fixture.h"

namespace sluice::nat {

inline constexpr QuarantineTimes no_quarantine{};
inline constexpr QuarantineTimes short_quarantine{80, 80, 80, 80};

// The n-th internal host's endpoint.
inline Endpoint host(uint32_t n, uint16_t port = 5000) { return {0x0a000001 + n, port}; }

inline Wish udp(Endpoint internal, PortRange range = {1024, 65535}) {
    return {PortClass::udp, internal, 0, range};
}

// One worker's mappings, taken over from zeros.
struct SmallNat {
    explicit SmallNat(const QuarantineTimes& times = no_quarantine, uint32_t addresses = 2,
                      uint32_t most = 200'000)
        : memory(Mappings::bytes_for(addresses)),
          mappings(memory.bytes(), addresses, most),
          mapper(mappings, times) {}
    SlotWord word(MappingId id) const { return mappings.word(id); }
    const Level& udp_level() const { return mappings.level(PortClass::udp, 0); }
    void pass(uint32_t now) {
        for (uint32_t n = 0; n <= ports_a_class / Mapper::ended_a_call; ++n) mapper.tick(now);
    }

    flow::Memory memory;
    Mappings mappings;
    Mapper mapper;
};

// Empty if all is as it must be while nobody works on the mappings: a port's bit is set if and
// only if its slot says why; what is mapped has a session and is found, and nothing else is; the
// levels count right.
inline std::string what_is_wrong_with(const Mappings& mappings) {
    size_t mapped = 0;
    for (uint32_t n = 0; n < mappings.addresses() * port_classes; ++n) {
        uint32_t used = 0, quarantined = 0, reserved = 0;
        const auto port_class = static_cast<PortClass>(n % port_classes);
        const uint32_t ports = port_class == PortClass::address ? 1 : ports_a_class;
        for (uint32_t port = 0; port < ports; ++port) {
            const MappingId id(port_class, n / port_classes, static_cast<uint16_t>(port));
            const SlotWord word = mappings.word(id);
            if (mappings.is_taken(id) == word.is_free()) return "a port's bit and slot disagree";
            used += word.is_mapped() || word.is_shared();
            quarantined += word.is_quarantined();
            reserved += word.is_reserved();
            if ((word.is_mapped() || word.is_shared()) && word.sessions() == 0) return "half ended";
            if (!word.is_mapped()) continue;
            ++mapped;
            const auto key = MappingKeys::key_of(port_class, word.internal(), id.address_index());
            if (mappings.index().find(key) != id) return "a mapping is not found";
        }
        const Level& level = mappings.level(port_class, n / port_classes);
        if (level.used != used) return "wrong count of ports in use";
        if (level.quarantined != quarantined) return "wrong count of ports in quarantine";
        if (level.reserved != reserved) return "wrong count of reserved ports";
    }
    size_t linked = 0;
    for (const flow::Bucket& bucket : mappings.index().buckets()) {
        linked += flow::Bucket::slots - static_cast<size_t>(std::popcount(bucket.empty()));
    }
    return linked == mapped ? "" : "the index holds what is not mapped";
}

}  // namespace sluice::nat
