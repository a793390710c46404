// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/nat_log_memory.h"

#include <algorithm>

namespace sluice {

using layout::NatLogRegion;

NatLogMemory::NatLogMemory(const std::filesystem::path& run_directory,
                           shm::WhenForeign when_foreign, unsigned rings)
    : region_(shm::Region::own(run_directory, layout::nat_log_layout(rings), when_foreign)) {
    auto& region = region_.as<NatLogRegion>();
    region.rings.store(std::max(rings, region.rings.load()), std::memory_order_release);
}

nat::LogRings NatLogMemory::rings() const noexcept {
    auto& region = region_.as<NatLogRegion>();
    const uint64_t room =
        (region_.size() - offsetof(NatLogRegion, ring)) / sizeof(layout::NatLogRing);
    return {region.ring, std::min<uint64_t>(region.rings.load(), room)};
}

}  // namespace sluice
