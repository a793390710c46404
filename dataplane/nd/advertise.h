// SPDX-License-Identifier: BSD-3-Clause
// Router advertisements (RFC 4861 6.2.3): that this is a router, the networks of /64 in which hosts
// may give themselves addresses (RFC 4862), the link's MTU. When, is the main thread's affair
// (process/advertiser.h), and that of hosts that ask.
#pragma once
#include "dataplane/context.h"

namespace sluice::nd {

// To a host, or to all of them, by this MAC address.
void advertise(Context& c, InterfaceId interface, net::Ipv6Address to,
               net::MacAddress mac) noexcept;

void advertise_to_all(Context& c, InterfaceId interface) noexcept;

}  // namespace sluice::nd
