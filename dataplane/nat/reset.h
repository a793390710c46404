// SPDX-License-Identifier: BSD-3-Clause
// What the NAT says in TCP, in the name of a connection's other end.
#pragma once
#include "dataplane/context.h"
#include "lib/flow/session.h"

namespace sluice::nat {

// Answers a segment of a connection that the NAT knows nothing of (RFC 9293 3.10.7.1). In the name
// of the segment's destination, towards its source; as rarely as ICMP errors are sent.
// Expects: a whole TCP header in the first buffer, of a packet as it came.
void send_reset(Context& c, Packet segment) noexcept;

// Asks the host inside whether it has the connection still, by an acknowledgement of nothing (RFC
// 6146 3.5.2.2, "probe"): one who has answers with his own (RFC 9293 3.10.7.4), and so keeps it;
// one who has not, with a RST.
void ask_whether_open(Context& c, const flow::SessionFacts& session) noexcept;

}  // namespace sluice::nat
