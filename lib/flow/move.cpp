// SPDX-License-Identifier: BSD-3-Clause
#include "lib/flow/move.h"

#include "lib/flow/writer.h"

namespace sluice::flow {
namespace {

// With each session due to be looked at soon, since only the NAT knows its timeouts.
constexpr Timeouts shortest() noexcept {
    Timeouts timeouts{};
    timeouts.ticks.fill(1);
    return timeouts;
}

NewSession again(const SessionCopy& copy) noexcept {
    const SessionFacts& was = copy.facts;
    return {.outbound = was.keys[0],
            .inbound = was.keys[1],
            .state = copy.state,
            .mapping = was.mapping,
            .rule = was.rule,
            .flags = was.flags};
}

}  // namespace

std::vector<SessionCopy> live_sessions(std::span<const Session> sessions) {
    std::vector<SessionCopy> live;
    SessionCopy copy;
    for (const Session& session : sessions) {
        if (copy_live(copy, session)) live.push_back(copy);
    }
    return live;
}

uint32_t put_back(Table& table, std::span<const SessionCopy> sessions) {
    const Timeouts timeouts = shortest();
    Writer writer(table, 0, 1, timeouts);
    uint32_t kept = 0;
    for (const SessionCopy& session : sessions) {
        const auto [status, flow] = writer.insert(again(session), session.last_seen);
        if (status != Status::ok) continue;
        table.session(flow.place()).facts.created = session.facts.created;
        ++kept;
    }
    return kept;
}

}  // namespace sluice::flow
