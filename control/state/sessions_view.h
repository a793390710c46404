// SPDX-License-Identifier: BSD-3-Clause
// The memory of the NAT's sessions as control sees it: there or not, and of whatever size the
// dataplane made it. One thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "control/state/growing_region.h"
#include "lib/flow/session.h"
#include "lib/layout/nat_region.h"
#include "lib/nat/mappings.h"

namespace sluice::state {

class SessionsView {
  public:
    explicit SessionsView(std::filesystem::path run_directory)
        : region_(std::move(run_directory), layout::nat_region_layout(sizeof(layout::NatRegion))) {}

    void refresh() { region_.refresh(); }

    // Places for sessions, for flow::copy_live(); empty while there are none. Good until the next
    // refresh().
    std::span<const flow::Session> sessions() const;
    // The external addresses and how many of their ports are what.
    std::span<const nat::AddressBlock> addresses() const;
    // Why there is none, where it is there but of another build.
    const std::string& trouble() const { return region_.trouble(); }

  private:
    std::span<const std::byte> part(uint64_t offset, uint64_t size) const;

    GrowingRegion region_;
};

}  // namespace sluice::state
