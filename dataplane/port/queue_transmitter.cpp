// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port/queue_transmitter.h"

#include <mutex>

#include <rte_ethdev.h>

#include "lib/tsc.h"

namespace sluice::port {
namespace {

// A full ring drains at the speed of the wire; looking again at once helps when the device is
// just about to write back, waiting longer would only hold up the packets behind.
constexpr unsigned attempts = 4;

uint64_t bytes_of(rte_mbuf* const* packets, unsigned count) noexcept {
    uint64_t bytes = 0;
    for (unsigned i = 0; i < count; ++i) bytes += packets[i]->pkt_len;
    return bytes;
}

unsigned try_to_send(const TxQueue& queue, rte_mbuf** packets, unsigned count) noexcept {
    unsigned sent = 0;
    for (unsigned attempt = 0; sent < count && attempt < attempts; ++attempt) {
        sent += rte_eth_tx_burst(queue.port, queue.queue, packets + sent,
                                 static_cast<uint16_t>(count - sent));
    }
    return sent;
}

}  // namespace

unsigned QueueTransmitter::put(const TxQueue& queue, rte_mbuf** packets, unsigned count) noexcept {
    if (queue.lock == nullptr) [[likely]]
        return try_to_send(queue, packets, count);
    const std::lock_guard hold(*queue.lock);
    return try_to_send(queue, packets, count);
}

void QueueTransmitter::give_up(rte_mbuf** packets, unsigned count,
                               layout::DropReason why) noexcept {
    counters_.drops[static_cast<unsigned>(why)].add(count);
    for (unsigned i = 0; i < count; ++i) rte_pktmbuf_free(packets[i]);
}

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

    const uint64_t begin = sample_ ? read_tsc() : 0;
    // The device owns what it took, so the bytes are counted before.
    uint64_t bytes = bytes_of(packets, count);
    const unsigned sent = put(queue, packets, count);
    if (sent < count) [[unlikely]] {
        bytes -= bytes_of(packets + sent, count - sent);
        give_up(packets + sent, count - sent, layout::DropReason::transmit_full);
    }
    layout::InterfaceCounters& counters = counters_.interfaces[interface];
    counters.tx_packets.add(sent);
    counters.tx_bytes.add(bytes);
    layout::StageCounters& stage = counters_.stages[static_cast<unsigned>(layout::Stage::transmit)];
    stage.packets.add(count);
    if (sample_) [[unlikely]] {
        stage.sampled_packets.add(count);
        stage.sampled_cycles.add(read_tsc() - begin);
    }
}

}  // namespace sluice::port
