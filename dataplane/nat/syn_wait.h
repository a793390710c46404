// SPDX-License-Identifier: BSD-3-Clause
// Unsolicited SYNs from outside that the NAT does not let in: each waits for a SYN of ours to the
// same end, which makes it one half of a simultaneous opening; when that does not come, its sender
// is told that the port is unreachable (RFC 5382 REQ-4).
#pragma once
#include <array>
#include <cstdint>

#include "dataplane/context.h"
#include "lib/flow/key.h"

namespace sluice::nat {

class SynWait {
  public:
    static constexpr unsigned places = 64;

    // Takes the packet; false when there is no room.
    bool hold(Context& c, Packet packet, const Arrival& arrival, const flow::FlowKey& key) noexcept;
    // Now and then. Drops: nat_syn_superseded (ours came), nat_syn_unanswered.
    void tick(Context& c) noexcept;
    void clear(PacketPool& pool) noexcept;
    bool empty() const noexcept { return count_ == 0; }

  private:
    struct Held {
        Packet packet;
        Arrival arrival;
        flow::FlowKey key{};
        uint64_t since_ns = 0;
    };
    std::array<Held, places> held_;  // a place is free without a packet
    unsigned count_ = 0;
};

}  // namespace sluice::nat
