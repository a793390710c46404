// SPDX-License-Identifier: BSD-3-Clause
// ICMP errors through the NAT (RFC 5508 4): an error belongs to the session of the packet that it
// quotes. Its own addresses are translated like that session's packets on their way back, and the
// quotation is turned into what its sender sent: addresses, ports or identifier, checksums.
//
// An error neither makes, nor keeps, nor ends a session (RFC 4787 REQ-12, RFC 5382 REQ-10).
#pragma once
#include "dataplane/context.h"

namespace sluice::nat {

// Expects:  validated; an ICMP error.
// Leaves:   arrival.translated, if it belongs to a session.
// Drops:    nat_icmp_malformed: the quotation is cut short or not true (RFC 5508 REQ-3).
// Passed untranslated: it quotes nothing of ours.
Verdict translate_error(Context& c, Packet packet, Arrival& arrival) noexcept;

}  // namespace sluice::nat
