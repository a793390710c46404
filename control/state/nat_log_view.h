// SPDX-License-Identifier: BSD-3-Clause
// The rings of the NAT's log as control sees them: there or not, and as many as the dataplane
// made. There may come to be more, and another memory may take their place. One thread.
#pragma once
#include <filesystem>
#include <span>
#include <string>

#include "lib/layout/nat_log.h"

namespace sluice::state {

class NatLogView {
  public:
    explicit NatLogView(std::filesystem::path run_directory)
        : run_directory_(std::move(run_directory)) {}

    // Looks for the memory, for one that took its place, and whether it grew.
    void refresh();
    // Good until the next refresh().
    std::span<const layout::NatLogRing> rings() const;
    // Why there are none, where the memory is there but of another build.
    const std::string& trouble() const { return trouble_; }

  private:
    void open();

    std::filesystem::path run_directory_;
    shm::Region region_;
    uint64_t inode_ = 0;
    std::string trouble_;
};

}  // namespace sluice::state
