// SPDX-License-Identifier: BSD-3-Clause
// When hosts are told of the router without asking (RFC 4861 6.2.4): three times in the first half
// minute of a link, then each few minutes.
#pragma once
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "dataplane/plan.h"
#include "dataplane/process/orders.h"

namespace sluice {

class Advertiser {
  public:
    // An interface that is up and advertises begins anew when it was not or did not before.
    std::vector<Errand> due(const Plan& plan, uint64_t now_ns);

  private:
    struct Turn {
        uint64_t next_ns = 0;
        unsigned sent = 0;
    };
    uint64_t pause_ns(unsigned sent);

    std::map<InterfaceId, Turn> turns_;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace sluice
