// SPDX-License-Identifier: BSD-3-Clause
// The intent memory: what should be. Written by sluice-control alone, mapped read-only by the
// dataplane. Publication: see publish.h.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/fib/table.h"
#include "lib/layout/counter.h"
#include "lib/layout/limits.h"
#include "lib/layout/nat_clear.h"
#include "lib/layout/snapshot.h"
#include "lib/shm/region.h"

namespace sluice::layout {

// One instruction of a capture filter: classic BPF as libpcap compiles it.
struct FilterInstruction {
    uint16_t code;
    uint8_t jump_true;
    uint8_t jump_false;
    uint32_t k;
};
static_assert(sizeof(FilterInstruction) == 8);

// Asks workers to record the next `count` packets that match.
struct TraceRequest {
    uint64_t number;  // grows with each request; 0: none was made yet
    uint32_t count;
    uint32_t filter_length;
    uint32_t interface;  // or no_interface: all
    uint32_t reserved;
    FilterInstruction filter[max_trace_filter];
};
static_assert(sizeof(TraceRequest) == 24 + 8 * max_trace_filter);

// A route that was added at run time, as control remembers it across its own restarts:
// bits 0-31 prefix, 32-37 length, 38 in use, 48-62 next-hop id. One atomic store each.
using RouteSlot = std::atomic<uint64_t>;

inline constexpr unsigned snapshot_slots = 3;

struct Intent {
    shm::Stamp stamp;
    // generation << 8 | slot; 0 before the first.
    alignas(64) std::atomic<uint64_t> published;
    alignas(64) Sequence trace_sequence;  // guards `trace`
    uint32_t reserved;
    TraceRequest trace;
    alignas(64) Sequence nat_clear_sequence;  // guards `nat_clear`
    uint32_t reserved_too;
    NatClearRequest nat_clear;
    alignas(4096) Snapshot snapshots[snapshot_slots];
    alignas(4096) RouteSlot routes[max_routes];
    alignas(2 << 20) fib::Table fib;
};
static_assert(offsetof(Intent, published) == 128);
static_assert(offsetof(Intent, trace) == 200);
static_assert(offsetof(Intent, nat_clear) == 2312);
static_assert(offsetof(Intent, snapshots) == 4096);

}  // namespace sluice::layout
