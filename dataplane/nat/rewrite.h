// SPDX-License-Identifier: BSD-3-Clause
// Writes what a session says into a packet: addresses, ports or identifier, checksums (RFC 3022
// 4.1). Checksums are changed by the session's ready-made deltas (RFC 1624), never made anew, so
// an error that was in the packet stays in it.
#pragma once
#include "dataplane/nat/tuple.h"
#include "lib/flow/session.h"

namespace sluice::nat {

// Expects the tuple as read_tuple() gave it for this packet, of kind ports, query, addresses or
// fragment; the session's key in that direction is the packet's.
void rewrite(Packet packet, const Tuple& tuple, const flow::Session& session,
             flow::Direction direction) noexcept;

// The reverse: the packet, of kind ports, query or addresses, was rewritten by the other flow of
// the session; turned round it has the key of this one. It becomes what it was.
void undo(Packet packet, const Tuple& tuple, const flow::Session& session,
          flow::Direction way_back) noexcept;

// A UDP checksum of 0 says that there is none, and stays; one that comes out as 0 is sent as
// 0xffff (RFC 768).
inline net::Be16 add_delta_udp(net::Be16 checksum, uint16_t delta) noexcept {
    if (checksum.raw() == 0) return checksum;
    const net::Be16 after = flow::add_delta(checksum, delta);
    return after.raw() == 0 ? net::Be16::from_raw(0xffff) : after;
}

// In ones' complement: what is left of the transport's delta without the addresses.
inline uint16_t ports_delta(uint16_t transport, uint16_t network) noexcept {
    return net::fold(uint32_t{transport} + static_cast<uint16_t>(~network));
}

// Ones' complement sum of a part of the packet, over all its buffers; to before `end`.
uint64_t sum_of(const Packet& packet, uint32_t begin, uint32_t end) noexcept;

}  // namespace sluice::nat
