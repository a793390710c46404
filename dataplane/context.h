// SPDX-License-Identifier: BSD-3-Clause
// What a stage may touch besides its packet: the worker's surroundings, gathered in one place.
// One thread each. Nothing in it needs EAL, so that stages are tested without.
#pragma once
#include <array>
#include <cstdint>

#include "dataplane/packet.h"
#include "dataplane/plan.h"
#include "dataplane/token_bucket.h"
#include "dataplane/transmitter.h"
#include "dataplane/verdict.h"
#include "lib/fib/reader.h"
#include "lib/layout/state.h"

namespace sluice {

class NeighbourTable;
namespace arp {
class Waiting;
}
namespace icmp {
class RateLimiter;
}
namespace ipv4 {
class Reassembler;
}
namespace nat {
class Translator;
}
namespace trace {
class Tracer;
}
namespace tunnel {
class Spreader;
}

// How a packet came in.
struct Arrival {
    InterfaceId interface = layout::no_interface;  // none: the router made the packet itself
    bool to_group = false;                         // the frame was a link broadcast or multicast
    bool translated = false;                       // the NAT has rewritten it

    bool is_own() const noexcept { return interface == layout::no_interface; }
};

struct Context {
    // As of the burst at hand.
    const Plan* plan = nullptr;
    const fib::Table* routes = nullptr;
    uint64_t now_ns = 0;

    // All workers'.
    NeighbourTable& neighbours;
    icmp::RateLimiter& limiter;

    // The worker's own.
    arp::Waiting& waiting;
    ipv4::Reassembler& reassembler;
    PacketPool& pool;
    Transmitter& transmitter;
    layout::WorkerBlock& counters;
    std::array<TokenBucket, layout::max_ports> arp_frames = {};  // heard, by interface
    std::array<TokenBucket, layout::max_ports> nd_frames = {};   // the same of IPv6
    uint32_t bursts = 0;
    bool timed = false;                           // the stages of the burst at hand
    uint16_t next_identification = 0;             // of the IP packets it makes itself
    layout::TunnelState* tunnels = nullptr;       // all workers', by place
    layout::MulticastTable* multicast = nullptr;  // all workers'
    std::array<TokenBucket, layout::max_multicast_interfaces> igmp_messages = {};  // heard
    unsigned nesting = 0;                  // tunnels that the packet at hand is inside of
    nat::Translator* nat = nullptr;        // where the plan has rules
    trace::Tracer* tracer = nullptr;       // while somebody traces
    layout::TraceRecord* trace = nullptr;  // of the packet at hand, when it is traced
    tunnel::Spreader* spreader = nullptr;  // where there are tunnels and other workers

    uint32_t now_ms() const noexcept { return static_cast<uint32_t>(now_ns / 1'000'000); }
    const PlanInterface& interface(InterfaceId id) const noexcept { return plan->interfaces[id]; }
    layout::StageCounters& stage(layout::Stage s) noexcept {
        return counters.stages[static_cast<unsigned>(s)];
    }
    void tally(layout::Tally t, uint64_t n = 1) noexcept {
        counters.tallies[static_cast<unsigned>(t)].add(n);
    }
    void event(layout::EventKind kind, InterfaceId interface, net::Ipv4Address address,
               net::MacAddress mac = {}) noexcept {
        counters.events.push({now_ns, kind, address.value, mac.as_bits(), 0, interface, {}});
    }
};

// Notes a step of a traced packet; hands the verdict through.
inline Verdict note(Context& c, layout::Step step, Verdict v, InterfaceId interface = 0,
                    uint32_t a = 0, uint32_t b = 0) noexcept {
    if (c.trace != nullptr && c.trace->step_count < layout::max_trace_steps) [[unlikely]] {
        c.trace->steps[c.trace->step_count++] = {step, v.result, v.reason, {}, interface, {}, a, b};
    }
    return v;
}

}  // namespace sluice
