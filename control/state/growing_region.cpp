// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/growing_region.h"

#include <sys/stat.h>

namespace sluice::state {

void GrowingRegion::refresh() {
    struct stat info {};
    const auto link = run_directory_ / layout_.name;
    const uint64_t inode = ::stat(link.c_str(), &info) == 0 ? info.st_ino : 0;
    const bool is_another = inode != inode_ || (region_ && region_.grown());
    if (is_another) region_ = {};
    inode_ = inode;
    if (inode != 0 && is_another) open();
}

void GrowingRegion::open() {
    trouble_.clear();
    try {
        region_ = shm::Region::view(run_directory_, layout_);
    } catch (const shm::Absent&) {
        inode_ = 0;
    } catch (const shm::Error& error) {
        trouble_ = error.what();
    }
}

}  // namespace sluice::state
