// SPDX-License-Identifier: BSD-3-Clause
// The first packets of flows on the fast way: UDP and TCP from inside, as many as a burst brings.
//
// Each session is made by begin_flow(), one after the other in the packets' order, exactly as on
// the plain way. But a session is half a dozen lines of large tables, which are fetched for the
// whole burst before. What will be needed is foreseen, the random port included; where it comes
// otherwise, because a port is taken meanwhile, it only takes longer.
#pragma once
#include "dataplane/classify.h"
#include "dataplane/context.h"

namespace sluice::nat {

// Expects:  resolve() found where the rows leave; bit i of col.begins: row i has no session and
//           leaves where it may need one.
// Leaves:   each of these rows with a flow, or without where no rule wants one; then
//           rewrite_found() takes it. Rows that only the plain way can judge, and later packets of
//           a flow that begins here, are closed up; those that may have no session are discarded.
//           Returns how many rows stay.
unsigned open_flows(Context& c, InterfaceId in, fast_path::Columns& col, unsigned n) noexcept;

}  // namespace sluice::nat
