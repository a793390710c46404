// SPDX-License-Identifier: BSD-3-Clause
// Puts batches on the wire: one worker's way into the devices' transmit queues.
#pragma once
#include "dataplane/port/queues.h"
#include "dataplane/transmitter.h"
#include "lib/layout/state.h"

namespace sluice::port {

class QueueTransmitter final : public Transmitter {
  public:
    explicit QueueTransmitter(layout::WorkerBlock& counters) noexcept : counters_(counters) {}
    // Between bursts, with nothing waiting.
    void use(const TxQueues& queues) noexcept { queues_ = &queues; }
    // While set, the time spent is counted.
    void sample(bool on) noexcept { sample_ = on; }

  protected:
    void transmit(layout::InterfaceId interface, rte_mbuf** packets,
                  unsigned count) noexcept override;

  private:
    unsigned put(const TxQueue& queue, rte_mbuf** packets, unsigned count) noexcept;
    unsigned flatten(rte_mbuf** packets, unsigned count) noexcept;
    void give_up(rte_mbuf** packets, unsigned count, layout::DropReason why) noexcept;

    layout::WorkerBlock& counters_;
    const TxQueues* queues_ = nullptr;
    bool sample_ = false;
};

}  // namespace sluice::port
