// SPDX-License-Identifier: BSD-3-Clause
// FTP's control connection through the NAT (RFC 959, RFC 2428; RFC 3022 2.3, RFC 2663 2.9), of
// sessions whose rule says so. A client inside names its own endpoint in PORT and EPRT, a server
// inside in the replies to PASV and EPSV. Each is replaced by the external endpoint that it gets
// (awaiting.h), and as the text grows or shrinks, so do the numbers of all later segments, of
// acknowledgements and of SACK blocks.
//
// Every byte from inside is read once and in order, so a segment that comes too early is dropped;
// its sender repeats it. One that is repeated is changed as it was the first time. An argument
// that comes in pieces, or that there is no port for, leaves as "xxx", and the server says 501.
#pragma once
#include "dataplane/context.h"
#include "dataplane/nat/rules.h"
#include "dataplane/nat/session_state.h"
#include "dataplane/nat/tuple.h"
#include "lib/flow/session.h"

namespace sluice::nat::ftp {

// Whether a flow that begins so is a control connection: to port 21, or to the one port that a
// forward is for.
bool is_control(const Rule& rule, flow::Direction first, const flow::FlowKey& inside,
                const flow::FlowKey& packet) noexcept;

inline bool concerns(const flow::Session& session) noexcept {
    return record_of(session.state.load(std::memory_order_relaxed)) != 0;
}

// The first packet of a session that has a record.
void begin(Context& c, Packet packet, const Tuple& tuple, flow::Flow flow) noexcept;

// Expects:  a packet of the flow of a session with a record, addresses and ports as it came.
// Leaves:   its numbers, and its text if it is from inside, as the other side is to see them.
// Drops:    nat_alg_refused, nat_busy.
Verdict translate(Context& c, Packet packet, const Tuple& tuple, flow::Flow flow) noexcept;

// A sequence number of the host inside, as somebody outside has quoted it, as the host knows it.
uint32_t quoted_sequence(Context& c, const flow::Session& session, uint32_t outside) noexcept;

}  // namespace sluice::nat::ftp
