// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/queue_transmitter.h"

#include <mutex>

#include <rte_ethdev.h>

namespace sluice::port {
namespace {

// A full ring drains at the speed of the wire; looking again at once helps when the device is
// just about to write back, waiting longer would only hold up the packets behind.
constexpr unsigned attempts = 4;

unsigned try_to_send(const TxQueue& queue, rte_mbuf** packets, unsigned count) noexcept {
    unsigned sent = 0;
    for (unsigned attempt = 0; sent < count && attempt < attempts; ++attempt) {
        sent += rte_eth_tx_burst(queue.port, queue.queue, packets + sent,
                                 static_cast<uint16_t>(count - sent));
    }
    return sent;
}

unsigned put(const TxQueue& queue, rte_mbuf** packets, unsigned count) noexcept {
    if (queue.lock == nullptr) [[likely]]
        return try_to_send(queue, packets, count);
    const std::lock_guard hold(*queue.lock);
    return try_to_send(queue, packets, count);
}

}  // namespace

// Packets that can not be made one segment are dropped; returns how many are left.
unsigned QueueTransmitter::flatten(rte_mbuf** packets, unsigned count) noexcept {
    unsigned kept = 0;
    for (unsigned i = 0; i < count; ++i) {
        if (rte_pktmbuf_linearize(packets[i]) == 0) {
            packets[kept++] = packets[i];
        } else {
            give_up(packets + i, 1, layout::DropReason::no_buffer);
        }
    }
    return kept;
}

void QueueTransmitter::transmit(layout::InterfaceId interface, rte_mbuf** packets,
                                unsigned count) noexcept {
    const TxQueue& queue = (*queues_)[interface];
    if (!queue.exists) [[unlikely]] {
        return give_up(packets, count, layout::DropReason::interface_down);
    }
    if (queue.one_segment) [[unlikely]]
        count = flatten(packets, count);

    hand_over(interface, packets, count,
              [&](rte_mbuf** batch, unsigned n) noexcept { return put(queue, batch, n); });
}

}  // namespace sluice::port
