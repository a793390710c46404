// SPDX-License-Identifier: BSD-3-Clause
// A memory of the dataplane's that is there or not, of whatever size it was made. It may grow, and
// another may take its place. One thread.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "lib/shm/region.h"

namespace sluice::state {

class GrowingRegion {
  public:
    // `layout`: of the least size.
    GrowingRegion(std::filesystem::path run_directory, const shm::Layout& layout)
        : run_directory_(std::move(run_directory)), layout_(layout) {}

    // Looks for the memory, for one that took its place, and whether it grew.
    void refresh();

    // What is mapped stays so until the next refresh().
    explicit operator bool() const { return static_cast<bool>(region_); }
    uint64_t size() const { return region_.size(); }
    template <typename T>
    const T& as() const {
        return region_.as<const T>();
    }
    // Why there is none, where it is there but of another build.
    const std::string& trouble() const { return trouble_; }

  private:
    void open();

    std::filesystem::path run_directory_;
    shm::Layout layout_;
    shm::Region region_;
    uint64_t inode_ = 0;
    std::string trouble_;
};

}  // namespace sluice::state
