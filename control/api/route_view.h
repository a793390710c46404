// SPDX-License-Identifier: BSD-3-Clause
// Routes and next hops as the API shows them.
#pragma once
#include <string>

#include "control/api/rpc.h"

namespace sluice::api {

// via 203.0.113.1 dev wan; dev lan; blackhole; local
std::string way_text(const Control& control, fib::NextHopId id);

// Everything known of a next hop: the interface, its MTU, the neighbour and its condition; of a
// group the same of each member. `towards`: the destination, which is its own next hop on a
// connected network.
json describe_next_hop(const Control& control, fib::NextHopId id, net::Ipv4Address towards);

json describe_candidates(const Control& control, net::Ipv4Prefix prefix, net::Ipv4Address towards);

// Why packets do not get there; empty where they do.
std::string why_not(const json& next_hop);

}  // namespace sluice::api
