// SPDX-License-Identifier: BSD-3-Clause
// ICMP messages to the router itself (RFC 792, RFC 1812 4.3.3): echo is answered, whatever its
// size; timestamp, information and mask requests are not (RFC 6918 deprecates them). Errors are
// for the tunnels, whose packets alone are the router's own and have a source to be told.
//
// Expects:  a whole packet, no fragment, to an address of this router.
// Finishes: echo requests, with the reply sent in the same buffers; what tunnel::receive_error()
//           finishes.
// Drops:    icmp_malformed, icmp_not_answered.
#pragma once
#include "dataplane/context.h"

namespace sluice::icmp {

Verdict receive(Context& c, Packet packet, const Arrival& arrival) noexcept;

}  // namespace sluice::icmp
