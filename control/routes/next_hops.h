// SPDX-License-Identifier: BSD-3-Clause
// The next hops that routes lead to, each once, by the small numbers that FIB entries hold.
//
//   free ──intern()──▶ in use ──last unref()──▶ unused ──sweep()──▶ free
//
// An unused id keeps its meaning until sweep(), which is for when no FIB entry holds it any more
// and every worker has passed a quiescent state since: only then may the id mean something else.
// One thread.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "lib/fib/route.h"
#include "lib/layout/snapshot.h"

namespace sluice::routes {

using layout::NextHopKind;

struct NextHop {
    NextHopKind kind = NextHopKind::none;
    layout::InterfaceId interface = 0;
    uint32_t address = 0;                 // gateway, host order
    std::vector<fib::NextHopId> members;  // of a group: ids, ascending
    auto operator<=>(const NextHop&) const = default;
};

class NextHops {
  public:
    NextHops();
    // Takes over what another control published.
    explicit NextHops(const layout::Snapshot& snapshot);

    // The id of this next hop, and one reference to it; 0 when all ids are taken. A group holds
    // references to its members.
    fib::NextHopId intern(const NextHop& hop);
    void ref(fib::NextHopId id) {
        if (uses_[id]++ == 0) --unused_;
    }
    void unref(fib::NextHopId id);
    // Frees ids that nobody refers to. True if there were any.
    bool sweep();
    bool has_unused() const { return unused_ > 0; }
    // True when intern() has given out an id since the last fill().
    bool grown() const { return grown_; }

    const NextHop& operator[](fib::NextHopId id) const { return hops_[id]; }
    size_t count() const { return by_content_.size(); }
    // The ids that lead out by these interfaces, groups with any such member included.
    std::vector<bool> leading_by(const std::vector<bool>& interfaces) const;
    bool refers_to(layout::InterfaceId interface) const;

    // Writes all next hops into a snapshot; `exists` says which interfaces it has. False when the
    // groups' members do not fit.
    bool fill(layout::Snapshot& snapshot, const std::vector<bool>& exists);

  private:
    std::vector<NextHop> hops_;   // by id
    std::vector<uint32_t> uses_;  // by id
    std::map<NextHop, fib::NextHopId> by_content_;
    std::vector<fib::NextHopId> free_;  // the lowest last
    size_t unused_ = 0;
    bool grown_ = false;
};

}  // namespace sluice::routes
