// SPDX-License-Identifier: BSD-3-Clause
// Where the workers sit: which worker runs on which core.
#pragma once
#include <vector>

#include "lib/layout/snapshot.h"

namespace sluice {

struct Seat {
    unsigned number;
    unsigned core;
    bool shares_core;  // with another worker or the main thread
    bool operator==(const Seat&) const noexcept = default;
};

// As the settings say, in turn; without cores that can be used: one on each but the main
// thread's. At least one worker, whatever there is.
std::vector<Seat> assign_seats(const layout::DataplaneSettings& settings,
                               const std::vector<unsigned>& usable_cores, unsigned main_core);

}  // namespace sluice
