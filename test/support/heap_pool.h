// SPDX-License-Identifier: BSD-3-Clause
// Packet buffers from the heap, so that stages and the whole pipeline run without EAL.
// Counts what is out, so that a test can tell a leak from a packet that went somewhere.
#pragma once
#include <cstddef>
#include <memory>
#include <set>

#include "dataplane/packet.h"

namespace sluice::test {

class HeapPool : public PacketPool {
  public:
    static constexpr uint16_t headroom = 128;
    static constexpr uint16_t room = headroom + 2048;
    static constexpr size_t no_limit = 100'000;

    ~HeapPool() override;
    Packet allocate() noexcept override;
    void free(Packet packet) noexcept override;

    size_t outstanding() const { return out_.size(); }
    // allocate() fails once this many buffers are out.
    void limit_to(size_t buffers) { limit_ = buffers; }

  private:
    std::set<rte_mbuf*> out_;
    size_t limit_ = no_limit;
};

}  // namespace sluice::test
