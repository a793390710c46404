// SPDX-License-Identifier: BSD-3-Clause
// Which of the NAT's sessions are meant: in `sluice show sessions`, and in the wish that they end.
#pragma once
#include <cstdint>
#include <type_traits>

#include "lib/flow/session.h"

namespace sluice::layout {

// All that is asked for must hold; zeros ask for nothing. Host order.
struct NatSessionFilter {
    uint32_t address;  // of either end, inside or remote
    uint32_t address_mask;
    uint32_t external;
    uint32_t external_mask;
    uint16_t rule;
    uint16_t port;  // of any of the three endpoints
    uint8_t protocol;
    uint8_t reserved[3];
};
static_assert(sizeof(NatSessionFilter) == 24 && std::is_trivially_copyable_v<NatSessionFilter>);

// The wish that the sessions end that match. A worker acts once on each number that is above its
// WorkerBlock::nat_cleared, on its share of the sessions, and then sets that.
struct NatClearRequest {
    uint64_t number;  // grows with each request; 0: none was made yet
    NatSessionFilter filter;
};
static_assert(sizeof(NatClearRequest) == 32);

constexpr bool matches(const NatSessionFilter& f, const flow::SessionFacts& facts) noexcept {
    const flow::FlowKey& out = facts.keys[0];  // from the host inside
    const flow::FlowKey& in = facts.keys[1];   // from the remote one
    const auto is_address = [&](net::Be32 a) { return (a.host() & f.address_mask) == f.address; };
    const auto is_port = [&](net::Be16 p) { return p.host() == f.port; };
    return (f.protocol == 0 || f.protocol == out.protocol) &&
           (f.rule == 0 || f.rule == facts.rule) &&
           (is_address(out.source) || is_address(in.source)) &&
           (in.destination.host() & f.external_mask) == f.external &&
           (f.port == 0 || is_port(out.source_port) || is_port(in.source_port) ||
            is_port(in.destination_port));
}

}  // namespace sluice::layout
