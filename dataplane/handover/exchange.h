// SPDX-License-Identifier: BSD-3-Clause
// Packets that one worker has received and another is to see to: a ring from each worker to each
// other, and a bell for each.
//
// Packets in it are frames as they came; rte_mbuf::port says by which interface. Of a plan or of
// the route table nothing lies here, so that a worker may hold nothing between two rounds.
#pragma once
#include <vector>

#include "dataplane/handover/bell.h"
#include "dataplane/handover/ring.h"
#include "dataplane/packet.h"

namespace sluice::handover {

class Exchange {
  public:
    explicit Exchange(unsigned workers)
        : workers_(workers), rings_(size_t{workers} * workers), bells_(workers) {}

    unsigned workers() const noexcept { return workers_; }
    Ring& ring(unsigned from, unsigned to) noexcept { return rings_[to * workers_ + from]; }
    Bell& bell(unsigned worker) noexcept { return bells_[worker]; }
    bool has_some_for(unsigned worker) noexcept {
        for (unsigned from = 0; from < workers_; ++from) {
            if (!ring(from, worker).empty()) return true;
        }
        return false;
    }
    // Gives back what nobody took. No worker runs any more.
    void clear(PacketPool& pool) noexcept {
        rte_mbuf* packet = nullptr;
        for (Ring& ring : rings_) {
            while (ring.take(&packet, 1) == 1) pool.free(Packet(packet));
        }
    }

  private:
    unsigned workers_;
    std::vector<Ring> rings_;
    std::vector<Bell> bells_;
};

}  // namespace sluice::handover
