// SPDX-License-Identifier: BSD-3-Clause
// ICMPv6 messages to the router itself (RFC 4443): echo is answered, Neighbour Discovery is given
// to nd::receive(), the rest asks for no answer.
//
// Expects:  a whole packet to an address or a group of ours; the message begins at `at`.
// Finishes: echo requests, with the reply sent in the same buffers; what nd::receive() finishes.
// Drops:    icmp_malformed, icmp_not_answered, and what nd::receive() drops.
#pragma once
#include "dataplane/context.h"

namespace sluice::icmp6 {

Verdict receive(Context& c, Packet packet, const Arrival& arrival, uint32_t at) noexcept;

}  // namespace sluice::icmp6
