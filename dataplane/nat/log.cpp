// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/log.h"

#include "dataplane/nat/session_state.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

using layout::NatLogEndpoints;
using layout::NatLogKind;
using layout::NatLogRecord;

NatLogEndpoints endpoints_of(const flow::SessionFacts& f) noexcept {
    const flow::FlowKey& out = f.keys[0];
    const flow::FlowKey& in = f.keys[1];
    return {.internal = out.source.host(),
            .external = in.destination.host(),
            .remote_inside = out.destination.host(),
            .remote = in.source.host(),
            .internal_port = out.source_port.host(),
            .external_port = in.destination_port.host(),
            .remote_inside_port = out.destination_port.host(),
            .remote_port = in.source_port.host()};
}

uint32_t events_of(const Context& c) noexcept {
    return c.plan->nat == nullptr ? 0 : c.plan->nat->settings().log_events;
}

bool wants(const Context& c, uint32_t events) noexcept {
    return c.nat->log() != nullptr && (events_of(c) & events) != 0;
}

// The end of what was told is told to a log that is switched off, too: that of a session by its
// flag, and that of any block.
bool wants_block(const Context& c, NatLogKind kind) noexcept {
    const bool is_off = events_of(c) == 0;
    return wants(c, layout::log_port_blocks) ||
           (is_off && c.nat->log() != nullptr && kind == NatLogKind::block_released);
}

}  // namespace

NatLogRecord record_of(const flow::SessionFacts& f, NatLogKind kind, uint64_t now_ns) noexcept {
    NatLogRecord record{};
    record.time_ns = now_ns;
    record.at = endpoints_of(f);
    record.rule = f.rule;
    record.kind = kind;
    record.protocol = f.keys[0].protocol;
    record.created = f.created;
    return record;
}

bool logs_sessions(const Context& c, const Rule& rule) noexcept {
    if (!wants(c, layout::log_sessions)) return false;
    switch (rule.wish.port_choice) {
        case layout::NatPortChoice::blocks: return !wants(c, layout::log_port_blocks);
        case layout::NatPortChoice::deterministic: return false;
        default: return true;
    }
}

void log_created(Context& c, const flow::SessionFacts& facts) noexcept {
    if ((facts.flags & is_logged) == 0) return;
    c.nat->log()->push(record_of(facts, NatLogKind::session_created, c.now_ns));
}

void log_ended(Context& c, const flow::SessionFacts& facts) noexcept {
    if ((facts.flags & is_logged) == 0 || c.nat->log() == nullptr) return;
    c.nat->log()->push(record_of(facts, NatLogKind::session_ended, c.now_ns));
}

void log_refused(Context& c, const flow::FlowKey& packet, const Rule& rule, layout::EventKind why,
                 const Shortage& shortage) noexcept {
    const bool is_limit = why == layout::EventKind::nat_subscriber_limit;
    if (!wants(c, is_limit ? layout::log_limits : layout::log_exhaustion)) return;
    NatLogRecord record{};
    record.time_ns = c.now_ns;
    record.at = {.internal = packet.source.host(),
                 .external = shortage.external.value,
                 .remote_inside = packet.destination.host(),
                 .remote = packet.destination.host(),
                 .internal_port = packet.source_port.host(),
                 .external_port = 0,
                 .remote_inside_port = packet.destination_port.host(),
                 .remote_port = packet.destination_port.host()};
    record.rule = rule.wish.id;
    record.protocol = packet.protocol;
    if (is_limit) {
        record.kind = NatLogKind::subscriber_limit;
        const bool of_ports = shortage.ports_a_subscriber != 0;
        record.limit_of = of_ports ? layout::NatLogLimit::ports : layout::NatLogLimit::sessions;
        record.limit = of_ports ? shortage.ports_a_subscriber : rule.wish.sessions_a_subscriber;
    } else if (why == layout::EventKind::nat_table_full) {
        record.kind = NatLogKind::sessions_exhausted;
        record.limit = c.nat->shared().table.capacity();
    } else {
        record.kind = rule.wish.kind == NatKind::dynamic ? NatLogKind::addresses_exhausted
                                                         : NatLogKind::ports_exhausted;
    }
    c.nat->log()->push(record);
}

void log_block(Context& c, NatLogKind kind, uint16_t rule, net::Ipv4Address subscriber,
               net::Ipv4Address external, PortRange ports) noexcept {
    if (!wants_block(c, kind)) return;
    NatLogRecord record{};
    record.time_ns = c.now_ns;
    record.at.internal = subscriber.value;
    record.at.external = external.value;
    record.at.external_port = ports.first;
    record.last_port = ports.last;
    record.rule = rule;
    record.kind = kind;
    c.nat->log()->push(record);
}

void log_ended(LogRings rings, const flow::SessionFacts& facts, uint64_t now_ns) noexcept {
    if (rings.empty() || (facts.flags & is_logged) == 0) return;
    rings[0].push(record_of(facts, NatLogKind::session_ended, now_ns));
}

}  // namespace sluice::nat
