// SPDX-License-Identifier: BSD-3-Clause
// Watches the gateways that are members of equal-cost groups: one that dies or comes back makes
// a new plan necessary. Main thread only.
#pragma once
#include <cstdint>
#include <vector>

#include "dataplane/arp/neighbour_table.h"
#include "dataplane/plan.h"
#include "dataplane/process/orders.h"
#include "dataplane/process/report.h"

namespace sluice {

class NextHopWatch {
  public:
    // Which to watch from now on.
    void follow(const layout::Snapshot& snapshot, const Plan& plan,
                const NeighbourTable& neighbours);

    struct Change {
        layout::EventKind kind;
        InterfaceId interface;
        net::Ipv4Address address;
    };
    // Since the last look.
    std::vector<Change> look(const NeighbourTable& neighbours);
    // Nobody sends to a dead gateway, so nobody would notice that it is back: it must be asked.
    std::vector<Errand> questions_to_the_dead() const;

  private:
    struct Gateway {
        uint32_t place;
        InterfaceId interface;
        net::Ipv4Address address;
        bool alive;
    };
    std::vector<Gateway> gateways_;
};

}  // namespace sluice
