// SPDX-License-Identifier: BSD-3-Clause
// Sessions from one table to another: of another size, or of another process.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "lib/flow/table.h"

namespace sluice::flow {

// Copies of those that live. Their table may be at work meanwhile; one that changes hands while it
// is copied is left out.
std::vector<SessionCopy> live_sessions(std::span<const Session> sessions);

// Puts them into a table that was adopted, and that nobody uses yet. Returns how many there was
// room for: the first ones.
uint32_t put_back(Table& table, std::span<const SessionCopy> sessions);

}  // namespace sluice::flow
