// SPDX-License-Identifier: BSD-3-Clause
// The fast way's first pass: which packets of a burst are plain IPv4 to be forwarded, and their
// columns of the burst.
//
// A candidate is a packet of which Ethernet's accept(), IPv4's validate() and the address checks
// of screen_source() would say nothing but good: to our MAC address from a single station, IPv4
// without options, whole, checksum true, ttl above 1, source neither a martian nor ours.
// For a chain of buffers, the frame must end where the packet does.
//
// There is a plain way to do this and one with AVX-512; a test holds them equal. Neither reads a
// byte beyond a frame's first 34, and those only where the first buffer has them.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "dataplane/pipeline.h"
#include "dataplane/plan.h"
#include "lib/flow/session.h"

namespace sluice::fast_path {

// Where the fields lie in the frame.
inline constexpr unsigned type_at = 12, version_at = 14, length_at = 16, ttl_at = 22,
                          checksum_at = 24, source_at = 26, destination_at = 30, least = 34;

// The burst, by columns: what one pass finds and the next one needs. Row i is the i-th packet
// that is still on the fast way. Vector code writes whole registers, hence the slack.
struct Columns {
    static constexpr unsigned rows = burst_size + 16;
    Columns() noexcept {}
    alignas(64) std::array<rte_mbuf*, rows> packet;
    alignas(64) std::array<uint8_t*, rows> frame;
    alignas(64) std::array<uint32_t, rows> destination;   // host order
    alignas(64) std::array<uint32_t, rows> total_length;  // of the IP packet
    alignas(64) std::array<uint32_t, rows> aged;  // ttl, protocol and checksum one hop on, as bytes
    alignas(64) std::array<uint64_t, rows> mac;   // of the next hop, as bits
    alignas(64) std::array<uint16_t, rows> next_hop;
    alignas(64) std::array<InterfaceId, rows> out;
    // Only where the plan has tunnels.
    alignas(64) std::array<const tunnel::Tunnel*, rows> tunnel;  // that it enters, or null
    bool some_enter = false;
    // Only where the plan has a NAT. In a union, so that "none" is not written into each row of
    // each burst before.
    union {
        alignas(64) std::array<flow::Flow, rows> flow;  // the session's, or none
    };
    alignas(64) std::array<uint32_t, rows> hash;      // of the flow, where the plan has groups
    alignas(64) std::array<uint64_t, rows> key_hash;  // by which its session is looked for
    uint64_t begins = 0;  // a bit for each row that may need a session, and has none
    // Packets that may have none, and are discarded; in the order in which they came.
    std::array<const rte_mbuf*, rows> refused;
    unsigned refused_count = 0;
};

// Of the columns that classify() fills.
inline void move_row(Columns& col, unsigned from, unsigned to) noexcept {
    col.packet[to] = col.packet[from];
    col.frame[to] = col.frame[from];
    col.destination[to] = col.destination[from];
    col.total_length[to] = col.total_length[from];
    col.aged[to] = col.aged[from];
}

// Of the flow that a row is of.
uint32_t flow_hash_of(const Columns& col, unsigned row) noexcept;

// What classify() needs of the plan.
struct Screen {
    uint64_t own_mac;  // as bits
    const OwnAddresses& own;
};

// Fills the first columns (packet, frame, destination, total_length, aged) with the candidates,
// in order. Returns how many those are. `bytes` grows by all frames' lengths.
using Classify = unsigned (*)(const Screen& screen, std::span<rte_mbuf* const> packets,
                              Columns& col, uint64_t& bytes) noexcept;
unsigned classify_plain(const Screen& screen, std::span<rte_mbuf* const> packets, Columns& col,
                        uint64_t& bytes) noexcept;
#if defined(__x86_64__)
unsigned classify_avx512(const Screen& screen, std::span<rte_mbuf* const> packets, Columns& col,
                         uint64_t& bytes) noexcept;
bool has_avx512() noexcept;
#endif
// The best that this processor has, picked when the program starts.
extern const Classify classify;

template <typename T>
T load(const uint8_t* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
template <typename T>
void store(uint8_t* at, T value) noexcept {
    std::memcpy(at, &value, sizeof value);
}

}  // namespace sluice::fast_path
