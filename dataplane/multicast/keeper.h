// SPDX-License-Identifier: BSD-3-Clause
// What time brings to groups, as the main thread sees it once a second: whom to ask, who has left.
#pragma once
#include <functional>
#include <map>
#include <vector>

#include "dataplane/multicast/groups.h"

namespace sluice::multicast {

// For a worker to do (igmp/send.h).
struct Task {
    enum class Kind { ask, tell_left };
    Kind kind;
    InterfaceId interface;
    net::Ipv4Address group;  // of ask: none, or the one that somebody has left
};

class Keeper {
  public:
    // Questions begin anew, close together (RFC 3376 8.6, 8.7), where an interface comes up.
    std::vector<Task> look(const layout::Multicast& wish, layout::MulticastTable& table,
                           const std::function<bool(InterfaceId)>& is_up, uint64_t now_ns);

  private:
    struct Asking {
        uint64_t next_ns = 0;
        unsigned left_of_start = 0;
    };
    void ask(const layout::Multicast& wish, const std::function<bool(InterfaceId)>& is_up,
             uint64_t now_ns, std::vector<Task>& tasks);

    std::map<InterfaceId, Asking> asking_;
};

}  // namespace sluice::multicast
