// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/seats.h"

#include <algorithm>
#include <iterator>

namespace sluice {

std::vector<Seat> assign_seats(const layout::DataplaneSettings& settings,
                               const std::vector<unsigned>& usable_cores, unsigned main_core) {
    std::vector<unsigned> choice;
    for (unsigned i = 0; i < settings.core_count && i < layout::max_workers; ++i) {
        const unsigned core = settings.cores[i];
        if (std::find(usable_cores.begin(), usable_cores.end(), core) != usable_cores.end())
            choice.push_back(core);
    }
    if (choice.empty()) {
        std::copy_if(usable_cores.begin(), usable_cores.end(), std::back_inserter(choice),
                     [&](unsigned core) { return core != main_core; });
    }
    if (choice.empty()) choice.push_back(main_core);

    const auto count = std::min<unsigned>(
        settings.workers != 0 ? settings.workers : static_cast<unsigned>(choice.size()),
        layout::max_workers);
    std::vector<Seat> seats;
    for (unsigned i = 0; i < count; ++i) {
        const unsigned core = choice[i % choice.size()];
        seats.push_back({i, core, count > choice.size() || core == main_core});
    }
    return seats;
}

}  // namespace sluice
