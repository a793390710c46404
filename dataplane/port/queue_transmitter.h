// SPDX-License-Identifier: BSD-3-Clause
// Puts batches on the wire: one worker's way into the devices' transmit queues.
#pragma once
#include "dataplane/counting_transmitter.h"
#include "dataplane/port/queues.h"

namespace sluice::port {

class QueueTransmitter final : public CountingTransmitter {
  public:
    QueueTransmitter(PacketPool& pool, layout::WorkerBlock& counters) noexcept
        : CountingTransmitter(pool, counters) {}
    // Between bursts, with nothing waiting.
    void use(const TxQueues& queues) noexcept { queues_ = &queues; }

  private:
    void transmit(layout::InterfaceId interface, rte_mbuf** packets,
                  unsigned count) noexcept override;
    unsigned flatten(rte_mbuf** packets, unsigned count) noexcept;

    const TxQueues* queues_ = nullptr;
};

}  // namespace sluice::port
