// SPDX-License-Identifier: BSD-3-Clause
// Where the workers sit: which worker runs on which core, and which of them serve a port.
#pragma once
#include <vector>

#include "lib/layout/snapshot.h"

namespace sluice {

// A core that the process may use, and the memory node it is near to; -1: not known.
struct Core {
    unsigned number;
    int node = -1;
};

// Who else runs on a worker's core.
enum class Company { none, main_thread, workers };

struct Seat {
    unsigned number;
    unsigned core;
    Company company;
    int node = -1;
    bool operator==(const Seat&) const noexcept = default;
};

// As the settings say, in turn; without cores that can be used: one on each but the main
// thread's, those near the ports first, each port's node in turn. At least one worker, whatever
// there is. `port_nodes`: the node of each port, -1 where it is not known.
std::vector<Seat> assign_seats(const layout::DataplaneSettings& settings,
                               const std::vector<Core>& usable_cores, unsigned main_core,
                               const std::vector<int>& port_nodes);

// The worker that takes a port's first queue, where the following ones take the others: `next`,
// unless beginning with another has more of the queues served near the port.
unsigned first_worker(const std::vector<Seat>& seats, int port_node, unsigned queues,
                      unsigned next);

}  // namespace sluice
