// SPDX-License-Identifier: BSD-3-Clause
// A transmitter that counts what a device takes, and drops what it does not take.
#pragma once
#include "dataplane/transmitter.h"
#include "lib/layout/state.h"
#include "lib/tsc.h"

namespace sluice {

class CountingTransmitter : public Transmitter {
  protected:
    CountingTransmitter(PacketPool& pool, layout::WorkerBlock& counters) noexcept
        : pool_(pool), counters_(counters) {}

    // `put(packets, count)` gives them to the device, and returns how many of them it took.
    template <typename Put>
    void hand_over(layout::InterfaceId interface, rte_mbuf** packets, unsigned count,
                   Put&& put) noexcept {
        const uint64_t begin = times() ? read_tsc() : 0;
        // The device owns what it took, so the bytes are counted before.
        uint64_t bytes = bytes_of(packets, count);
        const unsigned sent = put(packets, count);
        if (sent < count) [[unlikely]] {
            bytes -= bytes_of(packets + sent, count - sent);
            give_up(packets + sent, count - sent, layout::DropReason::transmit_full);
        }
        layout::InterfaceCounters& counters = counters_.interfaces[interface];
        counters.tx_packets.add(sent);
        counters.tx_bytes.add(bytes);
        count_stage(count, begin);
    }

    void give_up(rte_mbuf** packets, unsigned count, layout::DropReason why) noexcept {
        counters_.drops[static_cast<unsigned>(why)].add(count);
        for (unsigned i = 0; i < count; ++i) pool_.free(Packet(packets[i]));
    }

  private:
    static uint64_t bytes_of(rte_mbuf* const* packets, unsigned count) noexcept {
        uint64_t bytes = 0;
        for (unsigned i = 0; i < count; ++i) bytes += packets[i]->pkt_len;
        return bytes;
    }
    void count_stage(unsigned packets, uint64_t begin) noexcept {
        auto& stage = counters_.stages[static_cast<unsigned>(layout::Stage::transmit)];
        stage.packets.add(packets);
        if (!times()) [[likely]]
            return;
        const uint64_t cycles = read_tsc() - begin;
        stage.sampled_packets.add(packets);
        stage.sampled_cycles.add(cycles);
        spend(cycles);
    }

    PacketPool& pool_;
    layout::WorkerBlock& counters_;
};

}  // namespace sluice
