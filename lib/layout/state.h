// SPDX-License-Identifier: BSD-3-Clause
// The state memory: what is. Written by sluice-dataplane alone, mapped read-only by control.
//
// Within it, every block has one writing thread: the main thread writes MainBlock and
// InterfaceBlock, each worker writes its own WorkerBlock. Neighbours may be written by every
// worker; each of their words is a single atomic (lib/layout/neighbour.h).
// Times are nanoseconds of CLOCK_MONOTONIC unless the name says otherwise.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "lib/layout/counter.h"
#include "lib/layout/drop_reason.h"
#include "lib/layout/limits.h"
#include "lib/layout/multicast.h"
#include "lib/layout/neighbour.h"
#include "lib/layout/trace.h"
#include "lib/layout/tunnel.h"
#include "lib/net/address.h"
#include "lib/shm/region.h"

namespace sluice::layout {

// The parts of a worker's work that are counted and, for a sample of bursts, timed.
#define SLUICE_STAGES(X)                                                             \
    X(receive, "take a burst from the device")                                       \
    X(handover, "hand what is in tunnels to the workers of the flows inside")        \
    X(classify, "tell packets that can take the fast way from the rest")             \
    X(lookup, "longest match for the burst's destinations")                          \
    X(resolve, "next hop, neighbour and MTU")                                        \
    X(nat, "find the burst's sessions, rewrite addresses, ports and checksums")      \
    X(tunnel, "take packets out of tunnels, put them into tunnels")                  \
    X(rewrite, "new MAC addresses, time to live, checksum; group by port")           \
    X(plain, "everything that the fast way left: ARP, ICMP, options, first packets") \
    X(transmit, "give full bursts to the devices")

enum class Stage : uint8_t {
#define X(name, sentence) name,
    SLUICE_STAGES(X)
#undef X
        count
};
inline constexpr unsigned stage_count = static_cast<unsigned>(Stage::count);

struct StageText {
    std::string_view name;
    std::string_view sentence;
};
inline constexpr std::array<StageText, stage_count> stage_texts{{
#define X(name, sentence) {#name, sentence},
    SLUICE_STAGES(X)
#undef X
}};

struct StageCounters {
    Counter packets;
    Counter sampled_packets;  // of the bursts that were timed
    Counter sampled_cycles;
};

struct InterfaceCounters {
    Counter rx_packets;
    Counter rx_bytes;  // frames without their check sequence
    Counter tx_packets;
    Counter tx_bytes;
};

// Things that happened which are no drop of a received packet.
// clang-format off
#define SLUICE_TALLIES(X)   \
    X(arp_requests_sent)    \
    X(arp_replies_sent)     \
    X(arp_learned)          \
    X(nd_solicitations_sent) \
    X(nd_advertisements_sent) \
    X(nd_learned)           \
    X(router_advertisements_sent) \
    X(icmp_errors_sent)     \
    X(icmp_errors_limited)  \
    X(icmp_redirects_sent)  \
    X(icmp_echo_replies_sent) \
    X(packets_fragmented)   \
    X(fragments_sent)       \
    X(packets_reassembled)  \
    X(packets_held)         \
    X(tunnel_packets_reassembled) \
    X(nat_sessions_made)    \
    X(nat_sessions_ended)   \
    X(nat_errors_translated) \
    X(nat_hairpinned)       \
    X(nat_resets_sent)      \
    X(multicast_packets)    \
    X(multicast_copies)     \
    X(broadcasts_relayed)   \
    X(broadcast_copies)     \
    X(igmp_reports_heard)   \
    X(igmp_reports_sent)    \
    X(igmp_queries_sent)
// clang-format on

enum class Tally : uint8_t {
#define X(name) name,
    SLUICE_TALLIES(X)
#undef X
        count
};
inline constexpr unsigned tally_count = static_cast<unsigned>(Tally::count);

enum class EventKind : uint32_t {
    none,
    interface_up,
    interface_down,
    interface_failed,
    interface_reset,
    duplicate_address,  // address, mac
    neighbour_failed,   // address
    neighbour_moved,    // address, mac: the new one
    neighbour_table_full,
    worker_stalled,  // extra: worker
    worker_recovered,
    plan_refused,   // extra: generation
    next_hop_died,  // address
    next_hop_revived,
    nat_no_port,           // address: the subscriber; mac: the destination; extra: rule's id
    nat_subscriber_limit,  // the same
    nat_table_full,        // the same
    nat_table_filling,     // extra: percent
    nat_target_died,       // address, mac: the port; extra: rule's id
    nat_target_revived,    // the same
};

struct Event {
    uint64_t time_ns;
    EventKind kind;
    uint32_t address;
    uint64_t mac;
    uint32_t extra;
    InterfaceId interface;
    uint16_t reserved;
};
static_assert(sizeof(Event) == 32);

// The writer's number only grows; entry n lies at n modulo the size. A reader that finds the
// writer has lapped it has lost the difference and knows how many that were.
template <typename T, unsigned Size>
struct Ring {
    std::atomic<uint64_t> written;
    uint64_t reserved[7];
    T entries[Size];

    void push(const T& entry) noexcept {
        const uint64_t at = written.load(std::memory_order_relaxed);
        shm::store_words(entries[at % Size], entry);
        written.store(at + 1, std::memory_order_release);
    }
    // Copies entry `at`; false when it is not there yet, or was overwritten while being read.
    bool read(uint64_t at, T& out) const noexcept {
        const uint64_t before = written.load(std::memory_order_acquire);
        if (at >= before || before - at >= Size) return false;
        shm::load_words(out, entries[at % Size]);
        return written.load(std::memory_order_relaxed) - at < Size;
    }
    static constexpr unsigned size() noexcept { return Size; }
};

// Of the rule with that id, while it has one; at the id modulo their number.
struct NatRuleCounters {
    std::atomic<uint32_t> rule;
    uint32_t reserved;
    Counter sessions;  // made
    Counter refused;   // could not be made
    Counter packets;   // translated
};

inline constexpr unsigned worker_events = 64;
inline constexpr unsigned worker_traces = 64;

struct alignas(64) WorkerBlock {
    std::atomic<uint64_t> quiescent;   // grows each time the worker holds nothing of a burst
    std::atomic<uint64_t> generation;  // of the plan that its last burst used
    std::atomic<uint64_t> heartbeat_ns;
    std::atomic<uint32_t> core;
    std::atomic<uint32_t> thread;  // kernel's id
    Counter busy_cycles;           // of loops that moved at least one packet
    Counter busy_packets;
    Counter idle_cycles;
    Counter sleeps;
    alignas(64) StageCounters stages[stage_count];
    alignas(64) Counter drops[drop_reason_count];
    Counter tallies[tally_count];
    alignas(64) InterfaceCounters interfaces[max_interfaces];
    alignas(64) NatRuleCounters nat_rules[max_nat_rules];
    std::atomic<uint64_t> nat_cleared;  // number of the last NatClearRequest that it is done with
    Ring<Event, worker_events> events;
    Ring<TraceRecord, worker_traces> traces;
};
static_assert(offsetof(WorkerBlock, stages) == 64);

// What can be asked of a device, by bit: see `asked` and `granted` below.
// clang-format off
#define SLUICE_FEATURES(X) \
    X(multi_queue)         \
    X(rss)                 \
    X(mtu)                 \
    X(scatter)             \
    X(promiscuous)         \
    X(mac_change)          \
    X(fast_free)           \
    X(multi_segment)       \
    X(link_status)         \
    X(reta_after_start)    \
    X(reset_event)
// clang-format on

enum class Feature : uint8_t {
#define X(name) name,
    SLUICE_FEATURES(X)
#undef X
        count
};

enum class InterfaceCondition : uint32_t { none, starting, up, down, disabled, failed };

// What became of an interface's wishes.
struct InterfaceStatus {
    uint64_t generation;  // of the snapshot whose wish this answers
    uint64_t mac;
    InterfaceCondition condition;
    uint32_t mtu;
    uint32_t speed_mbps;
    uint32_t asked;    // bit per Feature
    uint32_t granted;  // bit per Feature
    uint32_t port;     // DPDK's number
    uint32_t link_changes;
    uint16_t rx_queues;
    uint16_t tx_queues;
    uint16_t rx_descriptors;
    uint16_t tx_descriptors;
    char name[16];
    char driver[32];
    char why[896];  // sentences, one a line: what was not got and why; or why it failed
    uint32_t reserved;
};
static_assert(sizeof(InterfaceStatus) == 1000);

// The device's own counts, apart from ours.
struct DeviceCounters {
    Counter rx_missed;  // no descriptor was free: the worker was late
    Counter rx_errors;
    Counter rx_no_buffer;
    Counter tx_errors;
    Counter allowance[6];  // ENA: bw_in, bw_out, pps, conntrack, linklocal, conntrack_available
};

struct alignas(64) InterfaceBlock {
    Sequence sequence;  // guards `status`
    uint32_t reserved;
    InterfaceStatus status;
    DeviceCounters device;
};

inline constexpr unsigned main_events = 512;

struct MainStatus {
    uint64_t started_ns;
    uint64_t tsc_hz;
    uint64_t refused;  // newest snapshot that could not become a plan; `message` says why
    uint32_t process;
    uint32_t worker_count;
    uint32_t huge_pages;  // whether packet memory lies on them
    uint32_t buffers;     // asked for of each pool, for as long as the process lives
    char version[40];
    char message[512];
};

struct alignas(64) MainBlock {
    std::atomic<uint64_t> heartbeat_ns;
    std::atomic<uint64_t> generation;  // newest snapshot that became a plan
    Sequence sequence;                 // guards `status`
    uint32_t reserved;
    MainStatus status;
    // A bit for each of the snapshot's targets, of the `generation` above: it does not answer.
    std::atomic<uint64_t> nat_targets_dead[max_nat_targets / 64];
    Ring<Event, main_events> events;

    bool is_dead(uint32_t target) const noexcept {
        return (nat_targets_dead[target / 64].load(std::memory_order_relaxed) >> target % 64 & 1) !=
               0;
    }
};

struct State {
    shm::Stamp stamp;
    MainBlock main;
    InterfaceBlock interfaces[max_interfaces];
    WorkerBlock workers[max_workers];
    TunnelState tunnels[max_tunnels];
    MulticastTable multicast;
    alignas(4096) NeighbourEntry neighbours[max_neighbours];
};
static_assert(offsetof(State, main) == 128);
static_assert(offsetof(State, interfaces) % 64 == 0);
static_assert(std::is_standard_layout_v<WorkerBlock>);

}  // namespace sluice::layout
