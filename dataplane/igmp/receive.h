// SPDX-License-Identifier: BSD-3-Clause
// What hosts and other routers say of groups (RFC 3376, RFC 2236, RFC 1112): versions 1 to 3.
//
// Sources are not told apart: a host that wants a group from some sources only is a member of the
// group, and gets all of it. What is heard of a port is told on into the tunnels (send.h).
#pragma once
#include "dataplane/context.h"

namespace sluice::igmp {

// Expects:  a validated IPv4 packet to a group; its source was not looked at.
// Finishes: what it says is noted.
// Drops:    group_not_joined (the interface forwards no multicast), igmp_limited, igmp_malformed,
//           igmp_bad_sender, igmp_ignored, igmp_groups_full, igmp_interface_full.
Verdict receive(Context& c, Packet packet, const Arrival& arrival) noexcept;

}  // namespace sluice::igmp
