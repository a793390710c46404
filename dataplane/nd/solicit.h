// SPDX-License-Identifier: BSD-3-Clause
// Asks who has an IPv6 address (RFC 4861 7.2.2): all who may have it, or the one that had it.
// Who is asked when, and what waits for the answer, is ARP's affair too (arp/resolve.h).
#pragma once
#include "dataplane/context.h"

namespace sluice::nd {

// `to`: the station that is probed; zero: the group of all who may have the address.
void solicit(Context& c, InterfaceId interface, net::Ipv6Address target,
             net::MacAddress to) noexcept;

}  // namespace sluice::nd
