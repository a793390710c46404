// SPDX-License-Identifier: BSD-3-Clause
// Every packet's way through the router.
//
// A burst takes the fast way as far as it can (fast_path.h); what that leaves goes the plain way,
// one packet at a time, which is the truth: the fast way does nothing that it would not do.
#pragma once
#include "dataplane/context.h"

namespace sluice {

inline constexpr unsigned burst_size = 64;

// Takes all of the packets. They came in by one interface.
void run(Context& c, InterfaceId in, rte_mbuf** packets, unsigned count) noexcept;

// Takes what other workers have handed over of what they received (tunnel/spread.h), a burst of
// each; returns how many packets that was.
unsigned run_handed_over(Context& c) noexcept;

// The plain way alone, for one packet. Takes it.
void run_plain(Context& c, InterfaceId in, Packet packet) noexcept;

// What time brings: retries, timeouts. About every millisecond; cheap when nothing waits.
void tick(Context& c) noexcept;

}  // namespace sluice
