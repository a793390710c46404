// SPDX-License-Identifier: BSD-3-Clause
// The dataplane's state memory as control sees it: there or not yet there, of a living dataplane
// or of one that is gone. It may appear later, and another may take its place.
// One thread.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "lib/layout/state.h"
#include "lib/shm/region.h"

namespace sluice::state {

class StateView {
  public:
    explicit StateView(std::filesystem::path run_directory);
    // For tests: this memory, of a living dataplane.
    explicit StateView(const layout::State& memory) : memory_(&memory), openings_(1) {}

    // Looks for the memory, and for one that took its place. Cheap enough to be called often.
    void refresh();

    // Null while there is none. The same until the next refresh().
    const layout::State* get() const { return memory_; }
    bool dataplane_alive() const;
    // The same memory, but null while what stands in it of the process itself (status, interfaces,
    // workers) is the last word of a dataplane that is gone, and the next, which lives, has yet
    // to say its own. Counters and neighbours go from one to the next: get() is for them.
    const layout::State* said() const;
    bool dataplane_starting() const { return dataplane_alive() && said() == nullptr; }
    bool on_huge_pages() const { return region_ && region_.on_huge_pages(); }
    // Why there is none, where it is there but of another build.
    const std::string& trouble() const { return trouble_; }
    // Grows whenever get() leads to another memory than before.
    uint64_t openings() const { return openings_; }

  private:
    void open();

    std::filesystem::path run_directory_;
    shm::Region region_;
    const layout::State* memory_ = nullptr;
    uint64_t inode_ = 0;
    std::string trouble_;
    uint64_t openings_ = 0;
};

}  // namespace sluice::state
