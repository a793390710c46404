// SPDX-License-Identifier: BSD-3-Clause
// Where dropped packets end: counted once, their source told where a standard asks for it, and
// their buffers given back.
#pragma once
#include "dataplane/context.h"

namespace sluice {

void discard(Context& c, Packet packet, const Arrival& arrival, Verdict why) noexcept;

}  // namespace sluice
