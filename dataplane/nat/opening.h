// SPDX-License-Identifier: BSD-3-Clause
// How a flow begins, for the plain way (open.cpp) and the fast way (open_burst.cpp) alike.
#pragma once
#include "dataplane/nat/ports.h"
#include "dataplane/nat/translate.h"
#include "lib/flow/session.h"

namespace sluice::nat {

struct Beginning {
    const Passage& passage;
    uint64_t hash;              // of its key
    const Rule* source;         // that gives it another source; or none
    Home home;                  // of that source
    const Rule& rule;           // that the session is of
    flow::Direction direction;  // of this packet

    const flow::FlowKey& key() const noexcept { return passage.tuple.key; }
};

struct Begun {
    Verdict verdict;
    flow::Flow flow;  // of the packet; none unless passed
    bool try_again = false;
};

// Makes the session and counts it; the packet is left as it is. Drops: what open() does.
Begun begin_flow(Context& c, const Beginning& b) noexcept;

}  // namespace sluice::nat
