// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/multicast/groups.h"

#include "lib/time_units.h"

namespace sluice::multicast {
namespace {

constexpr unsigned multicast_sets = layout::max_multicast_groups / layout::multicast_ways;
static_assert((multicast_sets & (multicast_sets - 1)) == 0);

layout::Membership* member_of(MulticastGroup& group, InterfaceId interface) noexcept {
    for (layout::Membership& m : group.members) {
        if (m.interface.load(std::memory_order_acquire) == interface + 1) return &m;
    }
    return nullptr;
}

// A place for a member, taken for good; null where all are.
layout::Membership* add_member(MulticastGroup& group, InterfaceId interface) noexcept {
    for (layout::Membership& m : group.members) {
        uint16_t named = 0;
        const auto wanted = static_cast<uint16_t>(interface + 1);
        if (m.interface.compare_exchange_strong(named, wanted)) return &m;
        if (named == wanted) return &m;
    }
    return nullptr;
}

void write_down(layout::Membership& m, const Report& report) noexcept {
    m.reporter.store(report.reporter.value, std::memory_order_relaxed);
    m.version.store(report.version, std::memory_order_relaxed);
    m.leaving.store(0, std::memory_order_relaxed);
    m.until_ns.store(report.until_ns, std::memory_order_release);
}

}  // namespace

unsigned Groups::set_of(net::Ipv4Address group) noexcept {
    return (group.value * 0x9e3779b1u >> 16) % multicast_sets * layout::multicast_ways;
}

MulticastGroup* Groups::find(net::Ipv4Address group) const noexcept {
    const unsigned first = set_of(group);
    for (unsigned at = first; at < first + layout::multicast_ways; ++at) {
        if (table_.addresses[at].load(std::memory_order_acquire) == group.value) {
            return &table_.groups[at];
        }
    }
    return nullptr;
}

MulticastGroup* Groups::find_or_add(net::Ipv4Address group, uint32_t limit) noexcept {
    if (MulticastGroup* found = find(group)) return found;
    if (group_count() >= limit) return nullptr;
    const unsigned first = set_of(group);
    for (unsigned at = first; at < first + layout::multicast_ways; ++at) {
        uint32_t taken = 0;
        if (table_.addresses[at].compare_exchange_strong(taken, group.value) ||
            taken == group.value) {
            return &table_.groups[at];
        }
    }
    return nullptr;
}

layout::Membership* Groups::member(net::Ipv4Address group, InterfaceId interface) const noexcept {
    MulticastGroup* found = find(group);
    return found == nullptr ? nullptr : member_of(*found, interface);
}

Joined Groups::join(const Report& report, Limits limits) noexcept {
    if (layout::Membership* known = member(report.group, report.interface)) {
        write_down(*known, report);
        return Joined::again;
    }
    auto& joined_by_it = table_.links[report.interface].groups;
    if (joined_by_it.load(std::memory_order_relaxed) >= limits.of_interface) {
        return Joined::no_room_by_interface;
    }
    MulticastGroup* group = find_or_add(report.group, limits.groups);
    if (group == nullptr) return Joined::no_room;
    layout::Membership* m = add_member(*group, report.interface);
    if (m == nullptr) return Joined::no_room;
    write_down(*m, report);
    joined_by_it.fetch_add(1, std::memory_order_relaxed);
    return Joined::anew;
}

uint32_t Groups::group_count() const noexcept {
    uint32_t count = 0;
    for (const auto& address : table_.addresses) {
        count += address.load(std::memory_order_relaxed) != 0;
    }
    return count;
}

// One that is about to be written is given a second for it, should its writer have been killed.
bool Groups::stays(layout::Membership& m, uint64_t now_ns) noexcept {
    uint64_t until = 0;
    if (m.until_ns.compare_exchange_strong(until, now_ns + second_ns)) return true;
    return until > now_ns;
}

void Groups::clear(MulticastGroup& group) noexcept {
    group.packets.store(0, std::memory_order_relaxed);
    group.copies.store(0, std::memory_order_relaxed);
    group.told_ns.store(0, std::memory_order_relaxed);
}

}  // namespace sluice::multicast
