// SPDX-License-Identifier: BSD-3-Clause
// Sends the packets of one direction: as many as are due, each built once. What the device does
// not take is offered again, so that it is never lost here.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include <rte_mbuf.h>

#include "bench/generator/frame_builder.h"
#include "bench/generator/replay.h"
#include "bench/generator/sizes.h"
#include "bench/generator/trial.h"
#include "bench/generator/walk.h"

namespace sluice::generator {

struct SenderWish {
    Direction direction = Direction::right;
    const Tunnels* tunnels = nullptr;  // that packets of some flows go by
    Sizes sizes;
    double new_flows = 0;
    const Replay* replay = nullptr;  // instead of flows
};

class Sender {
  public:
    static constexpr unsigned burst = 64;

    // `translations` is null where there is no NAT.
    Sender(const SenderWish& wish, const Macs& macs, Flows& flows, Translations* translations);
    ~Sender() { drop_what_is_left(); }
    Sender(const Sender&) = delete;

    void attach(uint16_t port, rte_mempool* pool) noexcept;
    void begin(uint8_t run, Walk::Over over) noexcept;
    // Up to `due` packets; returns how many the device took.
    unsigned send(uint64_t due, uint64_t now_tsc) noexcept;
    // At the end of a run: what was built and never taken was never sent.
    void drop_what_is_left() noexcept;

    Direction direction() const noexcept { return wish_.direction; }
    const SentCounts& counts() const noexcept { return counts_; }

  private:
    void build(unsigned count, uint64_t now_tsc) noexcept;
    unsigned fill_from_capture(unsigned count) noexcept;
    unsigned fill(unsigned count, uint64_t now_tsc) noexcept;
    void set_length(unsigned place, uint32_t length) noexcept;
    bool goes_by_tunnel(FlowNumber flow) const noexcept;
    Endpoints endpoints(FlowNumber flow) noexcept;
    void renew_now_and_then(FlowNumber flow) noexcept;

    const SenderWish wish_;
    const Macs macs_;
    size_t next_captured_ = 0;
    Flows& flows_;
    Translations* const translations_;
    std::vector<std::array<FrameBuilder, 2>> builders_;  // one round of sizes; the second by tunnel
    size_t next_builder_ = 0;
    Walk walk_;
    double renewals_due_ = 0;
    uint8_t run_ = 0;
    uint16_t port_ = 0;
    rte_mempool* pool_ = nullptr;

    std::array<rte_mbuf*, burst> ready_{};
    std::array<uint32_t, burst> lengths_{};  // of these frames, which are the device's once taken
    unsigned first_ = 0;
    unsigned end_ = 0;
    SentCounts counts_;
};

}  // namespace sluice::generator
