// SPDX-License-Identifier: BSD-3-Clause
// What ARP hears: learns from it, answers requests for its own addresses (RFC 826), stands in
// for hosts elsewhere where asked to (proxy ARP, RFC 1027), and defends its addresses (RFC 5227).
//
// Expects:  a whole Ethernet header of type ARP.
// Finishes: every ARP packet that is in order, be it of use or not.
// Drops:    arp_malformed, arp_limited, arp_bad_sender, arp_own_address.
//
// A flood costs a bounded share of a worker: each interface has a limit, of its own so that a
// flood there takes nothing from the others. Answers to the router's own questions are heard
// beyond it, so that packets that wait for a neighbour find their way in a flood too.
#pragma once
#include "dataplane/context.h"

namespace sluice::arp {

Verdict receive(Context& c, Packet packet, const Arrival& arrival) noexcept;

}  // namespace sluice::arp
