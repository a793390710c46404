// SPDX-License-Identifier: BSD-3-Clause
// The configuration's NAT rules as the dataplane reads them.
#pragma once
#include "control/config/model.h"
#include "control/intent/places.h"
#include "lib/layout/nat.h"

namespace sluice::intent {

// Fills all of `nat`, which is zero. Throws std::runtime_error where something does not fit.
void fill_nat(layout::Nat& nat, const config::Config& config, const Places& places,
              const layout::Nat& last);

}  // namespace sluice::intent
