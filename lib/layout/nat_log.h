// SPDX-License-Identifier: BSD-3-Clause
// The NAT's log as a region: the file "nat_log" beside "state", there only where a log is asked
// for. A ring for each worker, written by it alone, by the main thread while no worker runs;
// control reads them, hands the records on, and remembers in intent how far it has come.
//
// A record is made when the thing has happened. A dataplane that died between the two is made up
// for by the next one, from the sessions and what the rings tell of them (dataplane/nat/log.h).
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "lib/layout/regions.h"

namespace sluice::layout {

enum class NatLogKind : uint8_t {
    none,
    session_created,
    session_ended,
    block_allocated,
    block_released,
    ports_exhausted,
    addresses_exhausted,  // of a pool of whole addresses
    sessions_exhausted,   // the table is full
    subscriber_limit,
};

// Of what a subscriber had as much as he may.
enum class NatLogLimit : uint8_t { sessions, ports };

// What a configuration asks to be told of: bits of NatSettings::log_events.
inline constexpr uint32_t log_sessions = 1;
inline constexpr uint32_t log_port_blocks = 2;
inline constexpr uint32_t log_exhaustion = 4;
inline constexpr uint32_t log_limits = 8;

// Of a session, or as much of one as there was. Host order; of an ICMP query, its identifier is the
// port of the host inside.
struct NatLogEndpoints {
    uint32_t internal;
    uint32_t external;
    uint32_t remote_inside;  // as the host inside knows it; differs from `remote` in twice NAT
    uint32_t remote;
    uint16_t internal_port;
    uint16_t external_port;
    uint16_t remote_inside_port;
    uint16_t remote_port;
    bool operator==(const NatLogEndpoints&) const noexcept = default;
};
static_assert(std::has_unique_object_representations_v<NatLogEndpoints>);

struct NatLogRecord {
    uint64_t time_ns;  // CLOCK_MONOTONIC
    NatLogEndpoints at;
    uint16_t last_port;  // of a block, whose first is at.external_port
    uint16_t rule;       // id
    NatLogKind kind;
    uint8_t protocol;
    NatLogLimit limit_of;
    uint8_t reserved;
    uint32_t created;  // of a session: tick, as flow::SessionFacts has it
    uint32_t limit;    // that was reached
};
static_assert(sizeof(NatLogRecord) == 48);

using NatLogRing = Ring<NatLogRecord, 65536>;
static_assert(sizeof(NatLogRing) == 64 + (3 << 20));

struct NatLogRegion {
    shm::Stamp stamp;
    std::atomic<uint32_t> rings;
    uint32_t reserved[15];
    alignas(4096) NatLogRing ring[1];  // as many as `rings` says
};
static_assert(offsetof(NatLogRegion, ring) == 4096);

constexpr uint64_t nat_log_bytes(unsigned rings) noexcept {
    return offsetof(NatLogRegion, ring) + uint64_t{rings} * sizeof(NatLogRing);
}

// Control takes it at the size that the dataplane made it.
constexpr shm::Layout nat_log_layout(unsigned rings) noexcept {
    return {"nat_log",
            fold_numbers({revision, sizeof(NatLogRegion), sizeof(NatLogRing), sizeof(NatLogRecord),
                          static_cast<uint64_t>(NatLogKind::subscriber_limit)}),
            version, nat_log_bytes(rings)};
}

}  // namespace sluice::layout
