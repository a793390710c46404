// SPDX-License-Identifier: BSD-3-Clause
// Which of our addresses the neighbours have to be told of, and when: at once and again after two
// seconds when an address, its MAC address or its link is new (RFC 5227 2.3).
#pragma once
#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

#include "dataplane/plan.h"
#include "dataplane/process/orders.h"

namespace sluice {

class Announcer {
  public:
    // The errands that go with a new plan.
    std::vector<Errand> on_plan(const Plan& plan, uint64_t now_ns);
    // The repetitions that are due.
    std::vector<Errand> due(uint64_t now_ns);

  private:
    using Known = std::tuple<InterfaceId, net::Ipv4Address, net::MacAddress>;
    std::set<Known> known_;
    std::vector<Errand> again_;
    uint64_t again_ns_ = 0;
};

}  // namespace sluice
