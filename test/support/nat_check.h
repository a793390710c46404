// SPDX-License-Identifier: BSD-3-Clause
// What must hold of a router's NAT between any two packets, whatever they were:
//
//   Sessions are found by their keys, and no key is of two of them.
//   Of those that were made, all have ended that do not live.
//   A mapping is had by whom its sessions say, as often as there are such sessions; so no two
//   internal endpoints share an external one, but where they are meant to.
//   Where hosts have ports in blocks, or by their addresses, nobody has another's.
//   What is counted for limits and permissions is what there is.
#pragma once
#include <map>
#include <set>
#include <string>

#include "test/support/test_router.h"

namespace sluice::test {

class NatCheck {
  public:
    explicit NatCheck(TestRouter& router) : router_(router) {}

    // Empty, or what does not hold.
    std::string contradiction();
    // The router has begun anew, so that nothing is counted any more.
    void forget() { counted_.clear(); }

  private:
    struct Found {
        uint64_t live = 0;
        uint32_t records = 0;
        std::map<uint32_t, uint32_t> mappings;  // sessions of each
        std::map<uint64_t, uint32_t> counts;
        std::set<uint32_t> ports;  // mappings that count as one of a subscriber's ports
    };
    std::string look_at(const flow::Session& session, uint32_t place, Found& found) const;
    std::string look_at_share(const flow::SessionFacts& facts) const;
    std::string compare(const Found& found);
    std::string compare_mappings(const Found& found) const;

    TestRouter& router_;
    std::set<uint64_t> counted_;  // keys that there were at some time
};

}  // namespace sluice::test
