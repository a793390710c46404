// SPDX-License-Identifier: BSD-3-Clause
// The NAT on the fast way: established sessions of TCP and UDP, a whole burst at once.
//
// find_sessions() looks at headers and changes none, so that a packet that turns out to need the
// plain way later goes there as it came; rewrite_found() writes what was found once it is sure
// that the packet leaves.
#pragma once
#include "dataplane/classify.h"
#include "dataplane/context.h"

namespace sluice::nat {

// For each row: its flow, if it is of a session to which it changes nothing but when it was last
// seen, and then its new destination. Rows that only the plain way can judge (ICMP, fragments,
// SYN, FIN, RST, sessions whose rule is gone) are moved to `rest`; returns how many stay.
// Rows without a session stay, too: whether they need one shows when it is known where they leave.
unsigned find_sessions(Context& c, fast_path::Columns& col, unsigned n,
                       fast_path::Rest& rest) noexcept;

// Addresses, ports and checksums of the rows that have a flow; the IP checksum in `aged`.
void rewrite_found(Context& c, fast_path::Columns& col, unsigned n) noexcept;

}  // namespace sluice::nat
