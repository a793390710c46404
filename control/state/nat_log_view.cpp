// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/nat_log_view.h"

#include <algorithm>

namespace sluice::state {

std::span<const layout::NatLogRing> NatLogView::rings() const {
    if (!region_ || region_.size() < layout::nat_log_bytes(1)) return {};
    const auto& region = region_.as<layout::NatLogRegion>();
    const uint64_t room = (region_.size() - layout::nat_log_bytes(0)) / sizeof(layout::NatLogRing);
    return {region.ring, std::min<uint64_t>(region.rings.load(std::memory_order_acquire), room)};
}

}  // namespace sluice::state
