// SPDX-License-Identifier: BSD-3-Clause
// Gathers packets by the interface they leave by, so that devices see full bursts.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/packet.h"
#include "lib/layout/limits.h"

namespace sluice {

class Transmitter {
  public:
    // A device is given at most this many at once.
    static constexpr unsigned batch_size = 64;

    virtual ~Transmitter() = default;

    // Each owns the packets from here on.
    void send(layout::InterfaceId interface, Packet packet) noexcept {
        Batch& batch = batches_[interface];
        batch.packets[batch.count++] = packet.buffer();
        waiting_ |= uint64_t{1} << interface;
        if (batch.count >= batch_size) flush(interface);
    }
    // A burst, each packet by its own interface. At most batch_size of them.
    void send(const layout::InterfaceId* interfaces, rte_mbuf* const* packets,
              unsigned count) noexcept {
        if (count == 0) return;
        const layout::InterfaceId first = interfaces[0];
        if (all_equal(interfaces, count)) {
            Batch& batch = batches_[first];
            std::memcpy(batch.packets.data() + batch.count, packets, count * sizeof *packets);
            batch.count += count;
            waiting_ |= uint64_t{1} << first;
            if (batch.count >= batch_size) flush(first);
            return;
        }
        // No branch depends on where a packet goes: a mixed burst would mispredict each.
        uint64_t used = 0;
        for (unsigned i = 0; i < count; ++i) {
            Batch& batch = batches_[interfaces[i]];
            batch.packets[batch.count++] = packets[i];
            used |= uint64_t{1} << interfaces[i];
        }
        waiting_ |= used;
        for (; used != 0; used &= used - 1) {
            const auto interface = static_cast<layout::InterfaceId>(__builtin_ctzll(used));
            if (batches_[interface].count >= batch_size) flush(interface);
        }
    }
    void flush() noexcept {
        while (waiting_ != 0) flush(static_cast<layout::InterfaceId>(__builtin_ctzll(waiting_)));
        times_ = false;
    }

    // From here to the next flush of all, what is given to devices is timed.
    void time() noexcept { times_ = true; }
    // What that came to since the transmitter was made.
    uint64_t spent_cycles() const noexcept { return spent_cycles_; }

  protected:
    bool times() const noexcept { return times_; }
    void spend(uint64_t cycles) noexcept { spent_cycles_ += cycles; }
    // Takes the packets, at most batch_size: gives them to the device, or back to their pool.
    virtual void transmit(layout::InterfaceId interface, rte_mbuf** packets,
                          unsigned count) noexcept = 0;

  private:
    // Holds fewer than batch_size between two calls, so that a whole burst always fits.
    struct Batch {
        unsigned count = 0;
        std::array<rte_mbuf*, 2 * batch_size> packets;
    };
    void flush(layout::InterfaceId interface) noexcept {
        Batch& batch = batches_[interface];
        for (unsigned sent = 0; sent < batch.count; sent += batch_size) {
            transmit(interface, batch.packets.data() + sent,
                     std::min(batch_size, batch.count - sent));
        }
        batch.count = 0;
        waiting_ &= ~(uint64_t{1} << interface);
    }
    static bool all_equal(const layout::InterfaceId* interfaces, unsigned count) noexcept {
        layout::InterfaceId difference = 0;
        for (unsigned i = 1; i < count; ++i) {
            difference =
                static_cast<layout::InterfaceId>(difference | (interfaces[i] ^ interfaces[0]));
        }
        return difference == 0;
    }

    std::array<Batch, layout::max_ports> batches_;
    uint64_t waiting_ = 0;  // bit per interface
    uint64_t spent_cycles_ = 0;
    bool times_ = false;
};
static_assert(layout::max_ports <= 64);

}  // namespace sluice
