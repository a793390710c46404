// SPDX-License-Identifier: BSD-3-Clause
// Answers a TCP segment of a connection that the NAT knows nothing of (RFC 9293 3.10.7.1).
#pragma once
#include "dataplane/context.h"

namespace sluice::nat {

// In the name of the segment's destination, towards its source; as rarely as ICMP errors are sent.
// Expects: a whole TCP header in the first buffer, of a packet as it came.
void send_reset(Context& c, Packet segment) noexcept;

}  // namespace sluice::nat
