// SPDX-License-Identifier: BSD-3-Clause
// Traces packets for `sluice trace`: the next so many that match a filter take the plain way, one
// by one, and each step is recorded. While nobody traces, all of this costs one test a burst.
//
// One tracer stands for one request and is shared by all workers; only its count changes.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/context.h"
#include "lib/layout/intent.h"

struct bpf_insn;

namespace sluice::trace {

class Tracer {
  public:
    // Throws std::runtime_error when the request's filter is no valid program: it comes from the
    // other process, and a program is checked before the first packet runs through it.
    explicit Tracer(const layout::TraceRequest& request);
    ~Tracer();

    bool done() const noexcept { return left_.load(std::memory_order_relaxed) <= 0; }
    // Whether this packet is one of those to trace; uses up one of the count if so.
    bool claim(InterfaceId in, const Packet& packet) noexcept;
    uint64_t number() const noexcept { return number_; }

  private:
    bool matches(InterfaceId in, const Packet& packet) const noexcept;

    uint64_t number_;
    uint32_t interface_;
    std::vector<bpf_insn> program_;  // empty: everything matches
    std::atomic<int64_t> left_;
};

// Runs the matching packets of a burst through the plain way, recording what they meet, and moves
// the others to the front; returns how many those are.
unsigned trace_matching(Context& c, Tracer& tracer, InterfaceId in, rte_mbuf** packets,
                        unsigned count) noexcept;

// Starts a record about a packet.
layout::TraceRecord record_of(uint64_t trace, uint64_t now_ns, InterfaceId in,
                              const Packet& packet) noexcept;

}  // namespace sluice::trace
