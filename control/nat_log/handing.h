// SPDX-License-Identifier: BSD-3-Clause
// Brings records from the rings to one outlet, each once, across the deaths of control.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "control/nat_log/outlet.h"

namespace sluice::nat_log {

using Rings = std::span<const layout::NatLogRing>;

class Handing {
  public:
    static constexpr size_t most_a_ring = 8192;  // records in one call of hand_on()

    // As the last control left `progress`.
    Handing(Progress& progress, Outlet& outlet);

    // False if the outlet takes no more now. True also if there is more.
    bool hand_on(Rings rings);
    // Records that are not yet handed on.
    uint64_t waiting(Rings rings) const;

  private:
    struct Doubt {
        unsigned worker;
        uint64_t first;
        size_t count;
    };
    bool settle_doubt(Rings rings);
    bool hand_on(unsigned worker, const layout::NatLogRing& ring);
    bool hand_on_from(unsigned worker, const layout::NatLogRing& ring, uint64_t from, size_t most,
                      size_t& count);

    Progress& progress_;
    Outlet& outlet_;
    std::optional<Doubt> doubt_;
    std::vector<layout::NatLogRecord> records_;
};

// What nobody wants is passed over, so that who wants some later gets those from then on.
void pass_over(Progress& progress, Rings rings);

}  // namespace sluice::nat_log
