// SPDX-License-Identifier: BSD-3-Clause
// What would become of a frame, found out by the very code that forwards: a context of control's
// own (a copy of the neighbours, counters and buffers that nobody else sees) around the published
// snapshot, the real route table and what the dataplane says of its interfaces.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/flow/session.h"
#include "lib/layout/intent.h"
#include "lib/layout/state.h"
#include "lib/nat/mappings.h"

namespace sluice::explain {

struct Leaving {
    layout::InterfaceId interface;
    std::vector<uint8_t> frame;
};

struct Rehearsal {
    layout::TraceRecord record;
    std::vector<Leaving> leaving;
    bool held = false;  // the packet waits for its neighbour's MAC address
};

// The dataplane's, where it has a NAT.
struct NatMemory {
    std::span<const flow::Session> sessions;
    std::span<const nat::AddressBlock> addresses;
};

// `state`: null where no dataplane has run; then every interface counts as up, as asked for.
// Throws std::runtime_error where nothing is published yet.
Rehearsal rehearse(const layout::Intent& intent, const layout::State* state, layout::InterfaceId in,
                   std::span<const uint8_t> frame, uint64_t now_ns, const NatMemory& nat = {});

// The MAC address that the interface has, or would be taken to have by rehearse().
net::MacAddress mac_of(const layout::Intent& intent, const layout::State* state,
                       layout::InterfaceId id);

}  // namespace sluice::explain
