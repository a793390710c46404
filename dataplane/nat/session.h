// SPDX-License-Identifier: BSD-3-Clause
// The use of a session by a packet that belongs to it.
#pragma once
#include "dataplane/context.h"
#include "dataplane/nat/tuple.h"
#include "lib/flow/session.h"

namespace sluice::nat {

// Rewrites the packet as its session says, moves TCP's state, and keeps the session alive. False,
// and the session ended, where its rule is no more; the packet is then as it came.
bool use_session(Context& c, Packet packet, Arrival& arrival, const Tuple& tuple,
                 flow::Flow flow) noexcept;

}  // namespace sluice::nat
