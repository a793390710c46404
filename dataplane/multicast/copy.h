// SPDX-License-Identifier: BSD-3-Clause
// A packet once more, in buffers of its own.
//
// Bytes are copied rather than shared: each copy gets headers of its own in front (a tunnel's, or
// another MAC address), a device that was promised buffers with one owner (fast_free) gets such,
// and a copy that waits or is cut into fragments keeps no other from going back to its pool.
#pragma once
#include "dataplane/packet.h"

namespace sluice::multicast {

// None where buffers are short. The first segment has all of the headers in it.
Packet copy_of(const Packet& packet, PacketPool& pool) noexcept;

}  // namespace sluice::multicast
