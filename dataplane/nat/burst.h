// SPDX-License-Identifier: BSD-3-Clause
// The NAT on the fast way: established sessions of TCP and UDP, a whole burst at once.
//
// find_sessions() looks at headers and changes none, so that a packet that turns out to need the
// plain way later goes there as it came; rewrite_found() writes what was found once it is sure
// that the packet leaves.
#pragma once
#include "dataplane/classify.h"
#include "dataplane/context.h"
#include "dataplane/nat/tuple.h"

namespace sluice::nat {

inline constexpr unsigned protocol_at = 23, transport_at = 34, tcp_flags_at = 47;

// Of a frame without IP options.
inline flow::FlowKey key_of(const uint8_t* frame) noexcept {
    // Addresses and ports lie as in a FlowKey.
    const auto addresses = fast_path::load<uint64_t>(frame + fast_path::source_at);
    const auto ports = fast_path::load<uint32_t>(frame + transport_at);
    return flow::key_of_words(addresses, ports | uint64_t{frame[protocol_at]} << 32);
}

// TCP's first, of a frame that has all of its header.
inline bool is_syn(const uint8_t* frame) noexcept {
    constexpr uint8_t asked = tcp::syn | tcp::fin | tcp::rst | tcp::ack;
    return frame[protocol_at] == net::Protocol::tcp && (frame[tcp_flags_at] & asked) == tcp::syn;
}

// For each row: its flow, if it is of a session to which it changes nothing but when it was last
// seen, and then its new destination. Rows that only the plain way can judge (ICMP, fragments,
// FIN, RST, a SYN that has a session, sessions whose rule is gone) are closed up; returns how many
// stay. Rows without a session stay, too: whether they need one shows when it is known where
// they leave.
unsigned find_sessions(Context& c, fast_path::Columns& col, unsigned n) noexcept;

// Addresses, ports and checksums of the rows that have a flow; the IP checksum in `aged`.
void rewrite_found(Context& c, fast_path::Columns& col, unsigned n) noexcept;

}  // namespace sluice::nat
