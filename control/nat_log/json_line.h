// SPDX-License-Identifier: BSD-3-Clause
// A record of the NAT's log as a JSON object on a line of its own. docs/nat.md tells what is in it.
#pragma once
#include <string>

#include "control/nat_log/outlet.h"

namespace sluice::nat_log {

// session_created; "unknown" for a number that this build does not know.
std::string_view name_of(layout::NatLogKind kind);

// Appends the line, with its end. `number`: in the worker's ring.
void append_line(std::string& text, const layout::NatLogRecord& record, unsigned worker,
                 uint64_t number, const Words& words);
// That so many records before that number are lost.
void append_lost_line(std::string& text, unsigned worker, uint64_t number, uint64_t lost,
                      uint64_t milliseconds_since_1970);

}  // namespace sluice::nat_log
