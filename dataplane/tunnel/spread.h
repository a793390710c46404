// SPDX-License-Identifier: BSD-3-Clause
// Spreads what comes in tunnels over the workers.
//
// To a NIC, all packets of a GRE or IP in IP tunnel are one flow, so one queue gets them, and one
// worker would open them all. That worker gives each to the worker which has the flow inside, as a
// frame, before it looks at it any further. A flow's packets come by one queue, go through one
// ring and are seen to by one worker, so they stay in order.
//
// What is cut in outer fragments is put together first, by who receives it (ipv4/reassemble.h).
// What is no IPv4 inside, or too short to tell, stays with its receiver.
#pragma once
#include <array>

#include "dataplane/context.h"
#include "dataplane/handover/exchange.h"
#include "dataplane/pipeline.h"
#include "dataplane/tunnel/tunnels.h"

namespace sluice::tunnel {

// So many tunnels for each worker that a queue's share of them is near to all others'.
inline constexpr unsigned tunnels_to_each_worker = 8;

// Whether a tunnel's packets are handed over that come from a port of so many queues, over which it
// spreads tunnels by their outer headers (1: it does not).
constexpr bool hands_over(layout::TunnelSpread wish, unsigned queues, unsigned workers,
                          size_t tunnels) noexcept {
    if (wish != layout::TunnelSpread::automatic) return wish == layout::TunnelSpread::on;
    return queues < workers || tunnels < size_t{tunnels_to_each_worker} * workers;
}

// Which tunnels' packets are handed over that come in by one port: asked once a burst, so that a
// port without any is spared looking into its packets.
struct HandedOver {
    bool any = false;
    bool automatic = false;  // those that leave it to us
    bool automatic_in_udp = false;

    bool has(const Tunnel& t) const noexcept {
        if (t.spread != layout::TunnelSpread::automatic) {
            return t.spread == layout::TunnelSpread::on;
        }
        return t.in_udp ? automatic_in_udp : automatic;
    }
};
HandedOver handed_over(const Plan& plan, InterfaceId in, unsigned workers) noexcept;

// What the outer headers of a frame say.
struct Outside {
    Ends ends;
    uint32_t flow_hash = 0;  // of the packet inside
};
// False where it can't be handed over at all.
bool look_inside(const Packet& packet, const Tunnels& tunnels, Outside& outside) noexcept;

// A worker's side of the exchange.
class Spreader {
  public:
    Spreader(handover::Exchange& exchange, unsigned self) noexcept
        : exchange_(exchange), self_(self) {}

    // Gives what others have the flows of, and moves the rest to the front; returns how many that
    // is. Counts what it gives as received. Drops: handover_full.
    unsigned give(Context& c, InterfaceId in, rte_mbuf** packets, unsigned count) noexcept;
    // One packet that was put together of fragments, and so was counted; true: it was taken.
    bool give_whole(Context& c, InterfaceId in, Packet packet) noexcept;
    // What worker `from` has given to this one, at most a burst; returns how many.
    unsigned take(unsigned from, rte_mbuf** packets) noexcept;

    handover::Exchange& exchange() noexcept { return exchange_; }
    unsigned self() const noexcept { return self_; }

  private:
    unsigned worker_for(const Tunnels& tunnels, const HandedOver& given,
                        const Packet& packet) const noexcept;
    void put(Context& c, unsigned worker, rte_mbuf* const* packets, unsigned count) noexcept;
    void put_all(Context& c, uint32_t workers) noexcept;  // what their batches hold

    struct Batch {
        unsigned count = 0;
        std::array<rte_mbuf*, burst_size> packets;
    };
    handover::Exchange& exchange_;
    unsigned self_;
    std::array<Batch, layout::max_workers> batches_;  // empty between two calls
};

}  // namespace sluice::tunnel
