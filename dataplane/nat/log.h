// SPDX-License-Identifier: BSD-3-Clause
// What the NAT tells its log: records in a ring of the worker's own (lib/layout/nat_log.h), where
// one is configured. Each function is for the worker whose context it is given.
//
// Sessions are told of twice or never: one that was told of when it was created has a flag that
// says so, and by that flag its end is told, whatever became of its rule.
#pragma once
#include <functional>
#include <span>

#include "dataplane/context.h"
#include "dataplane/nat/rules.h"
#include "lib/flow/session.h"
#include "lib/layout/nat_log.h"
#include "lib/nat/mapping.h"

namespace sluice::nat {

using LogRings = std::span<layout::NatLogRing>;

// Whether the sessions of the rule are told of. Not where ports come in blocks and those are; nor
// where ports are computed from addresses, which is told by the configuration (RFC 7422).
bool logs_sessions(const Context& c, const Rule& rule) noexcept;

layout::NatLogRecord record_of(const flow::SessionFacts& facts, layout::NatLogKind kind,
                               uint64_t now_ns) noexcept;

void log_created(Context& c, const flow::SessionFacts& facts) noexcept;
void log_ended(Context& c, const flow::SessionFacts& facts) noexcept;
// What ran short of ports, where that was it; zero else.
struct Shortage {
    net::Ipv4Address external;    // the address that has none left
    uint32_t ports_a_subscriber;  // whose subscriber has so many
};
// A flow that could not begin.
void log_refused(Context& c, const flow::FlowKey& packet, const Rule& rule, layout::EventKind why,
                 const Shortage& shortage) noexcept;
// kind: block_allocated or block_released.
void log_block(Context& c, layout::NatLogKind kind, uint16_t rule, net::Ipv4Address subscriber,
               net::Ipv4Address external, PortRange ports) noexcept;

// Of which rules there are, by their ids.
using HasRule = std::function<bool(uint16_t rule)>;

// Main thread, before a dataplane takes over the sessions that another has left: tells what that
// one did and had no time to tell, and which blocks of ports nobody has any more, since they were
// at rest or their rule is gone. Told again, it tells nothing more.
void make_log_whole(LogRings rings, std::span<const flow::Session> sessions,
                    const HasRule& has_rule, uint64_t now_ns);
// Of sessions that end while no worker runs. Main thread.
void log_ended(LogRings rings, const flow::SessionFacts& facts, uint64_t now_ns) noexcept;

}  // namespace sluice::nat
