// SPDX-License-Identifier: BSD-3-Clause
// IPv6 routes as `show route` tells them: those of the configuration and of the interfaces'
// addresses, of which the longest wins whose interface is up.
#pragma once
#include "control/api/rpc.h"
#include "lib/net/address6.h"

namespace sluice::api {

// Where a packet to the address goes, and why: as route.lookup answers for IPv4.
json lookup6(const Control& control, net::Ipv6Address address);

// All routes inside a prefix, by prefix: prefix, source, way.
json routes6_inside(const Control& control, net::Ipv6Prefix inside);

}  // namespace sluice::api
