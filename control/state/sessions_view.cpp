// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/sessions_view.h"

#include "lib/flow/table.h"

namespace sluice::state {

std::span<const std::byte> SessionsView::part(uint64_t offset, uint64_t size) const {
    const uint64_t mapped = region_.size();
    if (offset < sizeof(layout::NatRegion) || offset % 64 != 0 || offset > mapped ||
        size > mapped - offset) {
        return {};
    }
    return {&region_.as<std::byte>() + offset, size};
}

std::span<const flow::Session> SessionsView::sessions() const {
    if (!region_) return {};
    const auto& where = region_.as<layout::NatRegion>().sessions;
    return flow::Table::sessions_in(part(where.offset, where.size));
}

std::span<const nat::AddressBlock> SessionsView::addresses() const {
    if (!region_) return {};
    const auto& where = region_.as<layout::NatRegion>().mappings;
    return nat::Mappings::blocks_in(part(where.offset, where.size));
}

}  // namespace sluice::state
