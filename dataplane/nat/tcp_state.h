// SPDX-License-Identifier: BSD-3-Clause
// The NAT's view of a TCP connection: RFC 7857 section 2, which takes over the state machine of
// RFC 6146 section 3.5.2 for NAPT44. Outbound is the direction from inside to outside.
//
//   syn_out ──SYN in──▶ established ──FIN out──▶ fin_out ──FIN in──▶ closing
//   syn_in ───SYN out─▶     │  ▲   └──FIN in───▶ fin_in ───FIN out─▶ closing
//                       RST │  │ anything but RST
//                           ▼  │
//                          reset; in_doubt, if the RST is from outside
//
// Whether a RST is within the window, only the host that it is for can tell: a NAT that has kept
// no numbers would believe any. So of one from outside the host inside is asked when the time of
// such a connection is over (reset.h): it answers by an acknowledgement if it is open.
//
// Both openings at once (RFC 5382 REQ-2) are syn_out and a SYN from the other side, or the
// reverse: all is well either way. A connection that closed may be opened again by a SYN of
// either side (RFC 1122 4.2.2.13).
#pragma once
#include <cstdint>

#include "dataplane/nat/tuple.h"
#include "lib/flow/session.h"

namespace sluice::nat {

enum class TcpState : uint8_t {
    none,
    syn_out,
    syn_in,
    established,
    fin_out,
    fin_in,
    closing,
    reset,
    in_doubt
};

constexpr TcpState opened_by(flow::Direction first) noexcept {
    return first == flow::Direction::outbound ? TcpState::syn_out : TcpState::syn_in;
}

// Whether the connection is kept for the long time, of those that are established.
constexpr bool is_long_lived(TcpState s) noexcept {
    return s == TcpState::established || s == TcpState::fin_out || s == TcpState::fin_in;
}

constexpr bool is_reset(TcpState s) noexcept {
    return s == TcpState::reset || s == TcpState::in_doubt;
}

constexpr TcpState next(TcpState s, flow::Direction from, uint8_t flags) noexcept {
    using enum TcpState;
    const bool out = from == flow::Direction::outbound;
    if ((flags & tcp::rst) != 0) {
        if (is_reset(s)) return s;
        return is_long_lived(s) && !out ? in_doubt : reset;
    }
    if ((flags & tcp::syn) != 0) {
        if (s == (out ? syn_in : syn_out)) return established;
        return s == closing || is_reset(s) ? opened_by(from) : s;
    }
    if (is_reset(s)) s = established;
    if ((flags & tcp::fin) != 0) {
        if (s == established) return out ? fin_out : fin_in;
        if (s == (out ? fin_in : fin_out)) return closing;
    }
    return s;
}

}  // namespace sluice::nat
