// SPDX-License-Identifier: BSD-3-Clause
// The rings of the NAT's log in shared memory, found again by the next dataplane with all that
// they hold.
#pragma once
#include <filesystem>

#include "dataplane/nat/log.h"
#include "lib/shm/region.h"

namespace sluice {

class NatLogMemory {
  public:
    static bool is_there(const std::filesystem::path& run_directory) {
        return std::filesystem::exists(run_directory / "nat_log");
    }
    // At least so many rings. Throws shm::Error.
    NatLogMemory(const std::filesystem::path& run_directory, shm::WhenForeign when_foreign,
                 unsigned rings);

    nat::LogRings rings() const noexcept;

  private:
    shm::Region region_;
};

}  // namespace sluice
