// SPDX-License-Identifier: BSD-3-Clause
// Where packet buffers come from: one pool for each memory node, and one more for each larger
// size of buffer that a device can not do without. Main thread only, but for BufferPool.
#pragma once
#include <cstdint>
#include <vector>

#include <rte_mbuf.h>

#include "dataplane/packet.h"

namespace sluice::port {

inline constexpr uint32_t usual_data_room = 2048;

class Pools {
  public:
    explicit Pools(uint32_t buffers) noexcept : buffers_(buffers) {}

    // Throws std::runtime_error when there is no memory. May hold fewer buffers than wished.
    rte_mempool* get(int node, uint32_t data_room);
    size_t count() const noexcept { return pools_.size(); }

  private:
    struct Pool {
        int node;
        uint32_t data_room;
        rte_mempool* pool;
    };
    uint32_t buffers_;
    std::vector<Pool> pools_;
};

// What the pipeline sees of a pool. Any thread.
class BufferPool final : public PacketPool {
  public:
    explicit BufferPool(rte_mempool* pool) noexcept : pool_(pool) {}
    Packet allocate() noexcept override { return Packet(rte_pktmbuf_alloc(pool_)); }
    void free(Packet packet) noexcept override { rte_pktmbuf_free(packet.buffer()); }

  private:
    rte_mempool* pool_;
};

}  // namespace sluice::port
