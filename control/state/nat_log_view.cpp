// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/nat_log_view.h"

#include <algorithm>

#include <sys/stat.h>

namespace sluice::state {
namespace {

constexpr shm::Layout nat_log_of_any_size = layout::nat_log_layout(0);

}  // namespace

void NatLogView::refresh() {
    struct stat info {};
    const auto link = run_directory_ / nat_log_of_any_size.name;
    const uint64_t inode = ::stat(link.c_str(), &info) == 0 ? info.st_ino : 0;
    if (inode == 0) region_ = {};
    const bool is_another = inode != inode_ || (region_ && region_.grown());
    inode_ = inode;
    if (inode != 0 && is_another) open();
}

void NatLogView::open() {
    trouble_.clear();
    region_ = {};
    try {
        region_ = shm::Region::view(run_directory_, nat_log_of_any_size);
    } catch (const shm::Absent&) {
        inode_ = 0;
    } catch (const shm::Error& error) {
        trouble_ = error.what();
    }
}

std::span<const layout::NatLogRing> NatLogView::rings() const {
    if (!region_ || region_.size() < layout::nat_log_bytes(1)) return {};
    const auto& region = region_.as<const layout::NatLogRegion>();
    const uint64_t room = (region_.size() - layout::nat_log_bytes(0)) / sizeof(layout::NatLogRing);
    return {region.ring, std::min<uint64_t>(region.rings.load(std::memory_order_acquire), room)};
}

}  // namespace sluice::state
