// SPDX-License-Identifier: BSD-3-Clause
// Takes the frames that are for this router and carry what it speaks.
//
// Expects:  a frame as the device gave it.
// Leaves:   a whole Ethernet header in the first segment, of type IPv4 or ARP; arrival.to_group.
// Drops:    frame_too_short, frame_not_for_us, frame_bad_source, vlan_not_accepted,
//           ipv6_not_routed, ethertype_unknown.
#pragma once
#include "dataplane/context.h"

namespace sluice::ethernet {

Verdict accept(const Context& c, const Packet& packet, Arrival& arrival) noexcept;

}  // namespace sluice::ethernet
