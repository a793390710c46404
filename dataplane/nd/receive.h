// SPDX-License-Identifier: BSD-3-Clause
// Neighbour Discovery (RFC 4861): answers solicitations for our addresses, learns from what
// neighbours say of themselves, and tells hosts that ask for a router.
//
// A neighbour's entry is made when there is a packet for it, never because somebody asks us: so no
// host can fill the table by asking from many addresses. No address of ours is checked for being
// another's before it is used (RFC 4862 5.4); whoever claims one is counted.
//
// Expects:  a whole ICMPv6 message, its checksum true, of a type of Neighbour Discovery, at `at`.
// Finishes: the packet was heard, and answered where it asks for that.
// Drops:    nd_malformed, nd_limited, nd_own_address, icmp_not_answered (a router's advertisement:
//           we are one ourselves).
#pragma once
#include "dataplane/context.h"

namespace sluice::nd {

Verdict receive(Context& c, Packet packet, const Arrival& arrival, uint32_t at) noexcept;

}  // namespace sluice::nd
