// SPDX-License-Identifier: BSD-3-Clause
// What a flow is on the wire, and the mark that each of its packets carries.
#pragma once
#include <cstdint>
#include <cstring>

#include "lib/net/wire.h"

namespace sluice::generator {

using FlowNumber = uint32_t;

// So many flows before its turn what is kept of a flow is asked for. The processor would do so by
// itself, but not across the borders of pages, and a million flows are on thousands.
inline constexpr uint32_t flows_ahead = 64;

// Traffic goes to the right, to the left, or both ways.
enum class Direction : uint8_t { right, left };
inline constexpr Direction directions[] = {Direction::right, Direction::left};
constexpr size_t index(Direction d) noexcept { return static_cast<size_t>(d); }

// Addresses and ports as they stand in a packet without options: bytes 12 to 23 behind the
// beginning of its IPv4 header.
struct Endpoints {
    net::Be32 source;
    net::Be32 destination;
    net::Be16 source_port;
    net::Be16 destination_port;

    Endpoints turned() const noexcept {
        return {destination, source, destination_port, source_port};
    }
    bool operator==(const Endpoints&) const noexcept = default;
};
static_assert(sizeof(Endpoints) == 12);

// The first bytes of each payload, in the order of this machine, which alone reads them. They are
// what the shortest frame has room for.
struct [[gnu::packed]] Signature {
    uint8_t run;   // tells our packets from those of a run before
    uint8_t kind;  // direction and generation
    FlowNumber flow;
    uint32_t sequence;  // rises within the flow, not by one
    uint64_t sent_tsc;

    static constexpr uint8_t generations = 128;
    static constexpr uint8_t kind_of(Direction d, uint8_t generation) noexcept {
        return static_cast<uint8_t>(static_cast<unsigned>(d) << 7 | generation % generations);
    }
    Direction direction() const noexcept { return static_cast<Direction>(kind >> 7); }
    uint8_t generation() const noexcept { return kind % generations; }
};
static_assert(sizeof(Signature) == 18);

inline constexpr uint32_t ethernet_length = sizeof(net::EthernetHeader);
inline constexpr uint32_t ip_udp_length = sizeof(net::Ipv4Header) + sizeof(net::UdpHeader);
inline constexpr uint32_t smallest_frame = ethernet_length + ip_udp_length + sizeof(Signature);
static_assert(smallest_frame == net::min_frame);
inline constexpr uint32_t frame_check_length = 4;  // that RFC 2544 counts, and no buffer holds

}  // namespace sluice::generator
