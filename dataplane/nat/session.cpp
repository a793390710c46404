// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nat/session.h"

#include "dataplane/nat/rewrite.h"
#include "dataplane/nat/rule_counters.h"
#include "dataplane/nat/translator.h"

namespace sluice::nat {
namespace {

// Two packets of both directions at once, on two workers: the later one looks again. False for a
// RST after another: those keep nothing alive (RFC 7857 section 7.1).
bool move_tcp_state(Context& c, flow::Flow flow, uint8_t tcp_flags) noexcept {
    const flow::Session& session = c.nat->session(flow);
    for (unsigned tries = 0; tries < 4; ++tries) {
        const uint32_t before = session.state.load(std::memory_order_relaxed);
        const TcpState now = next(tcp_state(before), flow.direction(), tcp_flags);
        if (is_reset(now) && now == tcp_state(before)) return false;
        const uint32_t after = with_record(pack_tcp(now), record_of(before));
        if (after == before) return true;
        if (c.nat->sessions().change_state(flow.place(), before, after, tick_of(c))) return true;
    }
    return true;
}

}  // namespace

bool use_session(Context& c, Packet packet, Arrival& arrival, const Tuple& tuple,
                 flow::Flow flow) noexcept {
    flow::Session& session = c.nat->session(flow);
    const Rule* rule = c.plan->nat->find(session.facts.rule);
    if (rule == nullptr) {
        c.nat->end(c, flow.place());
        return false;
    }
    if (packet.ipv4().more_fragments()) c.nat->fragments().lead(c, packet.ipv4(), flow);
    const bool counts = !tuple.is_tcp() || move_tcp_state(c, flow, tuple.tcp_flags);
    if (counts && refreshes(session, flow.direction())) session.touch(tick_of(c));
    rewrite(packet, tuple, session, flow.direction());
    arrival.translated = true;
    counters_of(c, rule->wish.id).packets.add(1);
    return true;
}

}  // namespace sluice::nat
