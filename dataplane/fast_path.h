// SPDX-License-Identifier: BSD-3-Clause
// The fast way: plain forwarding of a whole burst to neighbours that are known.
//
// It takes the packets to which the plain way would do nothing but look up the route, age the
// header and write the MAC addresses, and does exactly that; a test holds the two equal. Every
// other packet is left untouched for the plain way, which knows what to do with it.
//
// Passes over the whole burst, so that the cache misses of all its packets overlap:
//   classify  headers: ours, IPv4 without options, whole, true, of a believable source, ttl > 1
//   lookup    all destinations in the route table at once
//   resolve   next hop, neighbour, MTU
//   (tunnels and NAT have passes of their own between these: tunnel/burst.h, nat/burst.h)
//   rewrite   MAC addresses, ttl and checksum; then on to the transmitter, by interface
#pragma once
#include "dataplane/context.h"
#include "dataplane/tunnel/burst.h"

namespace sluice::fast_path {

// Who has counted a burst as received.
enum class Counted { not_yet, by_another_worker };

// Forwards what it can and moves the rest to the front of `packets`; returns how many those are.
// Counts the whole burst as received, unless that was done.
// What came in tunnels is taken out of them, and left in `inner`.
unsigned forward(Context& c, InterfaceId in, rte_mbuf** packets, unsigned count, Counted counted,
                 tunnel::Inner& inner) noexcept;

// The same for what was inside; the rest is moved to the front of `inner`.
unsigned forward_inner(Context& c, tunnel::Inner& inner) noexcept;

}  // namespace sluice::fast_path
