// SPDX-License-Identifier: BSD-3-Clause
// The memory of the NAT's sessions as control sees it: there or not, and of whatever size the
// dataplane made it. It may grow, and another may take its place. One thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "lib/flow/session.h"
#include "lib/nat/mappings.h"
#include "lib/shm/region.h"

namespace sluice::state {

class SessionsView {
  public:
    explicit SessionsView(std::filesystem::path run_directory)
        : run_directory_(std::move(run_directory)) {}

    // Looks for the memory, for one that took its place, and whether it grew.
    void refresh();

    // Places for sessions, for flow::copy_live(); empty while there are none. Good until the next
    // refresh().
    std::span<const flow::Session> sessions() const;
    // The external addresses and how many of their ports are what.
    std::span<const nat::AddressBlock> addresses() const;
    // Why there is none, where it is there but of another build.
    const std::string& trouble() const { return trouble_; }

  private:
    void open();
    std::span<const std::byte> part(uint64_t offset, uint64_t size) const;

    std::filesystem::path run_directory_;
    shm::Region region_;
    uint64_t inode_ = 0;
    std::string trouble_;
};

}  // namespace sluice::state
