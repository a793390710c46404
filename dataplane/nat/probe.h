// SPDX-License-Identifier: BSD-3-Clause
// Asks the targets of forwards whether they live, and hears their answers: by ICMP echo, or by a
// SYN, to which a SYN is the answer, and ours to that a RST. Whoever counts the answers is the
// main thread (dataplane/process/health_watch.h).
//
// Probes come from port 1000, and as echo with that identifier, which no source rule gives out
// unless it is told to use ports below 1024. A target is known by its place in the plan's list.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/context.h"

namespace sluice::nat {

inline constexpr uint16_t probe_port = 1000;

// What the workers have heard; one of all of them. Answers to probes have a number in them that
// only those can know who were asked.
class ProbeAnswers {
  public:
    ProbeAnswers();
    uint32_t secret() const noexcept { return secret_; }
    void hear(uint16_t target) noexcept { heard_[target].store(1, std::memory_order_release); }
    // Whether something was heard since the last time.
    bool take(uint16_t target) noexcept { return heard_[target].exchange(0) != 0; }

  private:
    uint32_t secret_;
    std::array<std::atomic<uint8_t>, layout::max_nat_targets> heard_{};
};

// Any worker, one for each probe.
void send_probe(Context& c, uint16_t target) noexcept;

// Expects:  delivered to the router itself.
// Takes the packet, if it answers a probe; else false, and the packet is as it was.
bool hear_echo_reply(Context& c, Packet packet) noexcept;
bool hear_segment(Context& c, Packet packet) noexcept;

}  // namespace sluice::nat
