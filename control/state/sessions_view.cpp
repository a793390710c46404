// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/sessions_view.h"

#include <sys/stat.h>

#include "lib/flow/table.h"
#include "lib/layout/nat_region.h"

namespace sluice::state {
namespace {

constexpr shm::Layout sessions_of_any_size = layout::nat_region_layout(sizeof(layout::NatRegion));

}  // namespace

void SessionsView::refresh() {
    struct stat info {};
    const auto link = run_directory_ / sessions_of_any_size.name;
    const uint64_t inode = ::stat(link.c_str(), &info) == 0 ? info.st_ino : 0;
    if (inode == 0) region_ = {};
    const bool is_another = inode != inode_ || (region_ && region_.grown());
    inode_ = inode;
    if (inode != 0 && is_another) open();
}

void SessionsView::open() {
    trouble_.clear();
    region_ = {};
    try {
        region_ = shm::Region::view(run_directory_, sessions_of_any_size);
    } catch (const shm::Absent&) {
        inode_ = 0;
    } catch (const shm::Error& error) {
        trouble_ = error.what();
    }
}

std::span<const std::byte> SessionsView::part(uint64_t offset, uint64_t size) const {
    const uint64_t mapped = region_.size();
    if (offset < sizeof(layout::NatRegion) || offset % 64 != 0 || offset > mapped ||
        size > mapped - offset) {
        return {};
    }
    return {&region_.as<const std::byte>() + offset, size};
}

std::span<const flow::Session> SessionsView::sessions() const {
    if (!region_) return {};
    const auto& where = region_.as<const layout::NatRegion>().sessions;
    return flow::Table::sessions_in(part(where.offset, where.size));
}

std::span<const nat::AddressBlock> SessionsView::addresses() const {
    if (!region_) return {};
    const auto& where = region_.as<const layout::NatRegion>().mappings;
    return nat::Mappings::blocks_in(part(where.offset, where.size));
}

}  // namespace sluice::state
