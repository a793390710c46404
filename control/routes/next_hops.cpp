// SPDX-License-Identifier: BSD-3-Clause
#include "control/routes/next_hops.h"

#include <algorithm>
#include <cassert>

namespace sluice::routes {
namespace {

bool leads_out(const NextHop& hop) {
    return hop.kind == NextHopKind::gateway || hop.kind == NextHopKind::connected;
}

}  // namespace

NextHops::NextHops() : hops_(layout::max_next_hops), uses_(layout::max_next_hops) {
    for (unsigned id = layout::max_next_hops - 1; id > 0; --id) {
        free_.push_back(static_cast<fib::NextHopId>(id));
    }
}

NextHops::NextHops(const layout::Snapshot& s)
    : hops_(layout::max_next_hops), uses_(layout::max_next_hops) {
    const unsigned count = std::min(s.next_hop_count, layout::max_next_hops);
    for (unsigned id = 1; id < count; ++id) {
        const layout::NextHop& from = s.next_hops[id];
        if (from.kind == NextHopKind::none || from.interface >= layout::max_interfaces) continue;
        NextHop hop{from.kind, from.interface, from.address, {}};
        if (from.kind == NextHopKind::group) {
            const unsigned end = std::min<unsigned>(from.first + from.count, s.member_count);
            for (unsigned m = from.first; m < end; ++m) {
                if (s.members[m] < count) hop.members.push_back(s.members[m]);
            }
            std::sort(hop.members.begin(), hop.members.end());
        }
        if (!by_content_.emplace(hop, id).second) continue;
        hops_[id] = std::move(hop);
        for (const fib::NextHopId member : hops_[id].members) ++uses_[member];
    }
    for (unsigned id = layout::max_next_hops - 1; id > 0; --id) {
        const bool taken = hops_[id].kind != NextHopKind::none;
        if (!taken) free_.push_back(static_cast<fib::NextHopId>(id));
        if (taken && uses_[id] == 0) ++unused_;
    }
}

fib::NextHopId NextHops::intern(const NextHop& hop) {
    assert(std::is_sorted(hop.members.begin(), hop.members.end()));
    if (const auto known = by_content_.find(hop); known != by_content_.end()) {
        const fib::NextHopId id = known->second;
        if (uses_[id]++ == 0) --unused_;
        return id;
    }
    if (free_.empty()) return 0;
    const fib::NextHopId id = free_.back();
    free_.pop_back();
    hops_[id] = hop;
    uses_[id] = 1;
    for (const fib::NextHopId member : hop.members) ++uses_[member];
    by_content_.emplace(hop, id);
    grown_ = true;
    return id;
}

void NextHops::unref(fib::NextHopId id) {
    if (id == 0) return;
    assert(uses_[id] > 0);
    if (--uses_[id] == 0) ++unused_;
}

bool NextHops::sweep() {
    bool any = false;
    // Groups first: a group that goes lets go of its members.
    for (const bool groups : {true, false}) {
        for (unsigned id = 1; id < layout::max_next_hops; ++id) {
            NextHop& hop = hops_[id];
            if (hop.kind == NextHopKind::none || uses_[id] > 0) continue;
            if ((hop.kind == NextHopKind::group) != groups) continue;
            for (const fib::NextHopId member : hop.members) unref(member);
            by_content_.erase(hop);
            hop = NextHop{};
            free_.push_back(static_cast<fib::NextHopId>(id));
            --unused_;
            any = true;
        }
    }
    std::sort(free_.rbegin(), free_.rend());
    return any;
}

std::vector<bool> NextHops::leading_by(const std::vector<bool>& interfaces) const {
    std::vector<bool> result(layout::max_next_hops);
    for (const auto& [hop, id] : by_content_) {
        result[id] = leads_out(hop) && interfaces[hop.interface];
    }
    for (const auto& [hop, id] : by_content_) {
        for (const fib::NextHopId member : hop.members) {
            if (result[member]) result[id] = true;
        }
    }
    return result;
}

bool NextHops::refers_to(layout::InterfaceId interface) const {
    return std::any_of(by_content_.begin(), by_content_.end(), [&](const auto& entry) {
        return leads_out(entry.first) && entry.first.interface == interface;
    });
}

bool NextHops::fill(layout::Snapshot& s, const std::vector<bool>& exists) {
    s.member_count = 0;
    s.next_hop_count = 1;
    const auto has_interface = [&](const NextHop& hop) {
        switch (hop.kind) {
            case NextHopKind::gateway:
            case NextHopKind::connected:
            case NextHopKind::local:
            case NextHopKind::broadcast: return exists[hop.interface] == true;
            default: return true;
        }
    };
    for (unsigned id = 0; id < layout::max_next_hops; ++id) s.next_hops[id] = {};
    for (const auto& [hop, id] : by_content_) {
        s.next_hop_count = std::max<uint32_t>(s.next_hop_count, id + 1u);
        if (!has_interface(hop)) continue;
        layout::NextHop& to = s.next_hops[id];
        to = {hop.kind, {}, hop.interface, 0, hop.address, s.member_count};
        if (hop.kind != NextHopKind::group) continue;
        for (const fib::NextHopId member : hop.members) {
            if (!has_interface(hops_[member])) continue;
            if (s.member_count == layout::max_group_members) return false;
            s.members[s.member_count++] = member;
            ++to.count;
        }
        if (to.count == 0) to = {};
    }
    grown_ = false;
    return true;
}

}  // namespace sluice::routes
