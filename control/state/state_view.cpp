// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/state_view.h"

#include <utility>

#include <sys/stat.h>

#include "lib/layout/regions.h"

namespace sluice::state {
namespace {

// Which file the link leads to now; 0 where there is none.
uint64_t inode_of(const std::filesystem::path& link) {
    struct stat info {};
    return ::stat(link.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

StateView::StateView(std::filesystem::path run_directory)
    : run_directory_(std::move(run_directory)) {
    refresh();
}

void StateView::refresh() {
    if (run_directory_.empty()) return;
    if (memory_ != nullptr && !region_.retired() && region_.has_writer()) return;
    const uint64_t inode = inode_of(run_directory_ / layout::state_layout.name);
    if (inode == 0 || (memory_ != nullptr && inode == inode_)) return;
    open();
    inode_ = inode;
}

void StateView::open() {
    try {
        shm::Region region = shm::Region::view(run_directory_, layout::state_layout);
        region_ = std::move(region);
        memory_ = &region_.as<const layout::State>();
        trouble_.clear();
        ++openings_;
    } catch (const shm::Absent&) {
        trouble_.clear();
    } catch (const shm::Error& error) {
        trouble_ = error.what();
        memory_ = nullptr;
        region_ = {};
    }
}

bool StateView::dataplane_alive() const {
    if (memory_ == nullptr) return false;
    return run_directory_.empty() || region_.has_writer();
}

// The main thread's heart beats from when all that is the process's own has been written anew.
const layout::State* StateView::said() const {
    if (!region_ || !region_.has_writer()) return memory_;
    const uint64_t beat = memory_->main.heartbeat_ns.load(std::memory_order_acquire);
    return beat >= region_.owned_since_ns() ? memory_ : nullptr;
}

}  // namespace sluice::state
