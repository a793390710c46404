// SPDX-License-Identifier: BSD-3-Clause
// One packet by several interfaces.
#pragma once
#include <array>
#include <span>

#include "dataplane/context.h"

namespace sluice::multicast {

// Interfaces that each get a copy.
class Takers {
  public:
    void add(InterfaceId id) noexcept { ids_[count_++] = id; }
    unsigned count() const noexcept { return count_; }
    std::span<const InterfaceId> all() const noexcept { return {ids_.data(), count_}; }

  private:
    std::array<InterfaceId, layout::max_multicast_interfaces> ids_;
    unsigned count_ = 0;
};

// Expects:  an aged IPv4 packet to a group or to all, and at least one taker.
// Finishes: each taker has a copy, the last one the packet itself. A copy has its own drops, those
//           of ipv4::output(), of which nobody is told.
// Drops:    no_buffer, with the packet; takers before that have theirs.
Verdict replicate(Context& c, Packet packet, const Takers& takers) noexcept;

}  // namespace sluice::multicast
