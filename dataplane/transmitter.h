// SPDX-License-Identifier: BSD-3-Clause
// Gathers packets by the interface they leave by, so that devices see full bursts.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/packet.h"
#include "lib/layout/limits.h"

namespace sluice {

class Transmitter {
  public:
    static constexpr unsigned batch_size = 64;

    virtual ~Transmitter() = default;

    void send(layout::InterfaceId interface, Packet packet) noexcept {
        rte_mbuf* buffer = packet.buffer();
        send(interface, &buffer, 1);
    }
    // At most batch_size of them. Owns them from here on.
    void send(layout::InterfaceId interface, rte_mbuf* const* packets, unsigned count) noexcept {
        Batch& batch = batches_[interface];
        if (batch.count + count > batch_size) flush(interface);
        std::memcpy(batch.packets.data() + batch.count, packets, count * sizeof *packets);
        batch.count += count;
        waiting_ |= uint64_t{1} << interface;
    }
    void flush() noexcept {
        while (waiting_ != 0) flush(static_cast<layout::InterfaceId>(__builtin_ctzll(waiting_)));
    }

  protected:
    // Takes the packets: gives them to the device, or back to their pool.
    virtual void transmit(layout::InterfaceId interface, rte_mbuf** packets,
                          unsigned count) noexcept = 0;

  private:
    struct Batch {
        unsigned count = 0;
        std::array<rte_mbuf*, batch_size> packets;
    };
    void flush(layout::InterfaceId interface) noexcept {
        Batch& batch = batches_[interface];
        if (batch.count > 0) transmit(interface, batch.packets.data(), batch.count);
        batch.count = 0;
        waiting_ &= ~(uint64_t{1} << interface);
    }

    std::array<Batch, layout::max_interfaces> batches_;
    uint64_t waiting_ = 0;  // bit per interface
};
static_assert(layout::max_interfaces <= 64);

}  // namespace sluice
