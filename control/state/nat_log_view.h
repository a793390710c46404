// SPDX-License-Identifier: BSD-3-Clause
// The rings of the NAT's log as control sees them: there or not, and as many as the dataplane
// made. One thread.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "control/state/growing_region.h"
#include "lib/layout/nat_log.h"

namespace sluice::state {

class NatLogView {
  public:
    explicit NatLogView(std::filesystem::path run_directory)
        : region_(std::move(run_directory), layout::nat_log_layout(0)) {}

    void refresh() { region_.refresh(); }
    // Good until the next refresh().
    std::span<const layout::NatLogRing> rings() const;
    // Why there are none, where the memory is there but of another build.
    const std::string& trouble() const { return region_.trouble(); }

  private:
    GrowingRegion region_;
};

}  // namespace sluice::state
