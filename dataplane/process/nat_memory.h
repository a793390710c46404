// SPDX-License-Identifier: BSD-3-Clause
// The NAT's sessions in shared memory, from one dataplane to the next, whatever the size that
// each was asked for.
#pragma once
#include <algorithm>
#include <filesystem>
#include <set>

#include "dataplane/nat/log.h"
#include "dataplane/nat/shared.h"
#include "lib/layout/nat_region.h"
#include "lib/shm/region.h"

namespace sluice {

class NatMemory {
  public:
    NatMemory(std::filesystem::path run_directory, shm::WhenForeign when_foreign)
        : run_directory_(std::move(run_directory)), when_foreign_(when_foreign) {}

    // Room for so many sessions and external addresses. What the memory holds stays in it; in a
    // memory of another size the live sessions are moved. Nobody may use the memory meanwhile.
    // The log is told what happened to sessions and is in no ring yet. Throws shm::Error.
    nat::Memory open(uint32_t sessions, uint32_t addresses, nat::LogRings log,
                     const nat::HasRule& has_rule);
    // As it was opened.
    nat::Memory parts() const noexcept;

  private:
    void lay_out(uint32_t sessions, uint32_t addresses);

    std::filesystem::path run_directory_;
    shm::WhenForeign when_foreign_;
    shm::Region region_;
    uint32_t sessions_ = 0;
    uint32_t addresses_ = 0;
};

// The external addresses whose ports the snapshot's rules share out. Throws what compiling the
// rules throws.
std::set<uint32_t> external_addresses(const layout::Snapshot& snapshot);
// Those that have a number already, whoever still uses them.
std::set<uint32_t> numbered_addresses(const nat::Memory& memory);
// With some to spare, so that a rule can be added without making the memory anew.
constexpr uint32_t room_for_addresses(uint32_t needed) noexcept {
    return std::min<uint32_t>((needed + 4 + 7) / 8 * 8, layout::max_nat_addresses);
}

}  // namespace sluice
