// SPDX-License-Identifier: BSD-3-Clause
// The two memories as regions: their names, sizes and the stamp that tells builds apart.
#pragma once
#include <cstddef>
#include <cstdint>

#include "lib/layout/intent.h"
#include "lib/layout/state.h"
#include "lib/shm/region.h"

namespace sluice::layout {

inline constexpr const char* version = "sluice 0.1.0";

// Changes with every size, offset and count below, and with the order of what is numbered by
// name. Raise `revision` when a field keeps its place but changes its meaning.
constexpr uint64_t fold_numbers(std::initializer_list<uint64_t> numbers) noexcept {
    uint64_t hash = 0xcbf29ce484222325;
    for (const uint64_t number : numbers) {
        for (unsigned byte = 0; byte < 8; ++byte) {
            hash = (hash ^ (number >> (8 * byte) & 0xff)) * 0x100000001b3;
        }
    }
    return hash;
}

inline constexpr uint64_t revision = 1;

// Two builds that number their reasons, stages or tallies differently would show each other's
// counts under wrong names, so the names are part of the layout.
constexpr uint64_t fold_names(std::initializer_list<const char*> names) noexcept {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char* name : names) {
        for (; *name != '\0'; ++name) hash = (hash ^ static_cast<uint8_t>(*name)) * 0x100000001b3;
        hash = (hash ^ 0xff) * 0x100000001b3;
    }
    return hash;
}
#define SLUICE_NAME(name, ...) #name,
inline constexpr uint64_t names =
    fold_names({SLUICE_DROP_REASONS(SLUICE_NAME) SLUICE_STAGES(SLUICE_NAME) SLUICE_TALLIES(
        SLUICE_NAME) SLUICE_STEPS(SLUICE_NAME) SLUICE_FEATURES(SLUICE_NAME)});
#undef SLUICE_NAME

inline constexpr uint64_t nat_numbers =
    fold_numbers({offsetof(Snapshot, nat), sizeof(NatSettings), sizeof(NatRule), sizeof(NatRange),
                  sizeof(NatTarget), max_nat_rules, max_nat_ranges, max_nat_targets});

inline constexpr shm::Layout intent_layout{"intent",
                                           fold_numbers({revision,
                                                         sizeof(Intent),
                                                         offsetof(Intent, trace),
                                                         offsetof(Intent, nat_clear),
                                                         offsetof(Intent, snapshots),
                                                         offsetof(Intent, routes),
                                                         offsetof(Intent, fib),
                                                         sizeof(Snapshot),
                                                         offsetof(Snapshot, interfaces),
                                                         offsetof(Snapshot, addresses),
                                                         offsetof(Snapshot, neighbours),
                                                         offsetof(Snapshot, next_hops),
                                                         offsetof(Snapshot, members),
                                                         sizeof(Interface),
                                                         sizeof(Tunnel),
                                                         sizeof(NextHop),
                                                         sizeof(DataplaneSettings),
                                                         sizeof(ArpSettings),
                                                         sizeof(IcmpSettings),
                                                         offsetof(Snapshot, multicast),
                                                         sizeof(Multicast),
                                                         offsetof(Snapshot, ipv6),
                                                         sizeof(Address6),
                                                         sizeof(Route6),
                                                         nat_numbers}),
                                           version, sizeof(Intent)};

inline constexpr shm::Layout state_layout{"state",
                                          fold_numbers({revision,
                                                        sizeof(State),
                                                        offsetof(State, interfaces),
                                                        offsetof(State, workers),
                                                        offsetof(State, tunnels),
                                                        offsetof(State, multicast),
                                                        sizeof(MulticastGroup),
                                                        max_multicast_groups,
                                                        offsetof(State, neighbours),
                                                        sizeof(TunnelState),
                                                        sizeof(WorkerBlock),
                                                        offsetof(WorkerBlock, stages),
                                                        offsetof(WorkerBlock, drops),
                                                        offsetof(WorkerBlock, tallies),
                                                        offsetof(WorkerBlock, interfaces),
                                                        offsetof(WorkerBlock, nat_rules),
                                                        offsetof(WorkerBlock, events),
                                                        offsetof(WorkerBlock, traces),
                                                        sizeof(InterfaceBlock),
                                                        sizeof(MainBlock),
                                                        sizeof(NeighbourEntry),
                                                        sizeof(TraceRecord),
                                                        names}),
                                          version, sizeof(State)};

}  // namespace sluice::layout
