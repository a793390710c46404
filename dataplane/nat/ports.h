// SPDX-License-Identifier: BSD-3-Clause
// Which external port a flow gets: from all of the rule's, from blocks that the host holds, or
// from those computed from its address; and how many a host may have.
#pragma once
#include <span>

#include "dataplane/context.h"
#include "dataplane/nat/rules.h"
#include "lib/nat/mapper.h"

namespace sluice::nat {

struct Taken {
    Acquired mapping;
    uint16_t flags = 0;  // the session's: what it holds besides the mapping
    uint32_t limit = 0;  // of ports, where the host has as many (at_limit)
};

// Where a host has its ports: its place among the external addresses; and what is foreseen of the
// port there, or null.
struct Home {
    unsigned place = 0;
    const Foreseen* foreseen = nullptr;
};

// What is asked of the external address for the internal endpoint. Not of a rule with blocks of
// ports, which say themselves what they ask for.
Wish wish_of(const Rule& rule, PortClass, Endpoint internal, const External& at) noexcept;

// One more session on the mapping of the internal endpoint at one of these external addresses; at
// its home, or where the rule's pooling is arbitrary and that is out of ports, at one of the next.
Taken take_port(Context& c, const Rule& rule, std::span<const External> externals, PortClass,
                Endpoint internal, const Home& home) noexcept;

// One more session on a mapping that the internal endpoint has.
Taken join_port(Context& c, const Rule& rule, MappingId mapping, Endpoint internal) noexcept;

// One worker, now and then: takes blocks of ports from hosts that have not used them for long.
void sweep_blocks(Context& c) noexcept;

// The same at this very address, and the port is the endpoint's alone, whatever the rule's mapping.
Taken take_own_port(Context& c, const Rule& rule, const External& at, PortClass,
                    Endpoint internal) noexcept;

}  // namespace sluice::nat
