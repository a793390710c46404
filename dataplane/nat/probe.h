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

// What the workers have heard; one of all of them. Each probe has a number of its own, drawn at
// random, that its answer repeats: so nobody answers for another, or for a probe to come.
class ProbeAnswers {
  public:
    // The last probe of a target, by its number, which is not 0.
    void ask(uint32_t target, uint32_t number) noexcept {
        targets_[target].asked.store(number, std::memory_order_release);
    }
    // False where that is no answer to it.
    bool hear(uint32_t target, uint32_t number) noexcept {
        Target& t = targets_[target];
        const bool answers = number != 0 && t.asked.load(std::memory_order_acquire) == number;
        if (answers) t.heard.store(1, std::memory_order_release);
        return answers;
    }
    // Whether something was heard since the last time.
    bool take(uint16_t target) noexcept { return targets_[target].heard.exchange(0) != 0; }

  private:
    struct Target {
        std::atomic<uint32_t> asked, heard;
    };
    std::array<Target, layout::max_nat_targets> targets_{};
};

// Any worker, one for each probe.
void send_probe(Context& c, uint16_t target) noexcept;

// Expects:  delivered to the router itself.
// Takes the packet, if it answers a probe; else false, and the packet is as it was.
bool hear_echo_reply(Context& c, Packet packet) noexcept;
bool hear_segment(Context& c, Packet packet) noexcept;

}  // namespace sluice::nat
