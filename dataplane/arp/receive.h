// SPDX-License-Identifier: BSD-3-Clause
// What ARP hears: learns from it, answers requests for its own addresses (RFC 826), stands in
// for hosts elsewhere where asked to (proxy ARP, RFC 1027), and defends its addresses (RFC 5227).
//
// Expects:  a whole Ethernet header of type ARP.
// Finishes: every ARP packet that is in order, be it of use or not.
// Drops:    arp_malformed, arp_bad_sender, arp_own_address.
#pragma once
#include "dataplane/context.h"

namespace sluice::arp {

Verdict receive(Context& c, Packet packet, const Arrival& arrival) noexcept;

}  // namespace sluice::arp
