// SPDX-License-Identifier: BSD-3-Clause
// How control waits for the workers of the dataplane: a second at most, not at all where no
// dataplane lives.
#pragma once
#include "control/intent/intent_writer.h"
#include "control/state/state_view.h"

namespace sluice::control {

// The view outlives what is returned.
intent::Workers workers_of(state::StateView& view);

// Whether the main thread and every worker use this generation or a newer one.
bool all_follow(const layout::State& state, uint64_t generation);

}  // namespace sluice::control
