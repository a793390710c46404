// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/multicast/keeper.h"

#include <algorithm>
#include <span>

#include "lib/time_units.h"

namespace sluice::multicast {
namespace {

std::span<const layout::MulticastInterface> all_of(const layout::Multicast& wish) {
    return std::span(wish.interfaces).first(wish.interface_count);
}

// RFC 3376 6.4.2: asked again each second, until somebody stays or the time is over.
void ask_those_that_leave(const layout::MulticastTable& table, std::vector<Task>& tasks) {
    for_each_group(table, [&](net::Ipv4Address group, const MulticastGroup& joined) {
        for (const layout::Membership& m : joined.members) {
            const uint16_t named = m.interface.load(std::memory_order_relaxed);
            if (named == 0 || m.leaving.load(std::memory_order_relaxed) == 0) continue;
            tasks.push_back({Task::Kind::ask, static_cast<InterfaceId>(named - 1), group});
        }
    });
}

}  // namespace

void Keeper::ask(const layout::Multicast& wish, const std::function<bool(InterfaceId)>& is_up,
                 uint64_t now_ns, std::vector<Task>& tasks) {
    const uint64_t interval_ns = wish.query_interval_s * second_ns;
    std::map<InterfaceId, Asking> still;
    for (const layout::MulticastInterface& i : all_of(wish)) {
        if (i.querier == 0 || !is_up(i.interface)) continue;
        const auto before = asking_.find(i.interface);
        Asking asking = before != asking_.end() ? before->second : Asking{now_ns, wish.robustness};
        if (now_ns >= asking.next_ns) {
            tasks.push_back({Task::Kind::ask, i.interface, {}});
            asking.left_of_start -= asking.left_of_start > 0;
            asking.next_ns = now_ns + (asking.left_of_start > 0 ? interval_ns / 4 : interval_ns);
        }
        still[i.interface] = asking;
    }
    asking_ = std::move(still);
}

std::vector<Task> Keeper::look(const layout::Multicast& wish, layout::MulticastTable& table,
                               const std::function<bool(InterfaceId)>& is_up, uint64_t now_ns) {
    std::vector<Task> tasks;
    ask(wish, is_up, now_ns, tasks);
    Groups groups(table);
    const auto is_wished = [&](InterfaceId id) {
        return std::any_of(all_of(wish).begin(), all_of(wish).end(),
                           [&](const layout::MulticastInterface& i) { return i.interface == id; });
    };
    groups.sweep(now_ns, is_wished, [&](net::Ipv4Address group, InterfaceId interface) {
        tasks.push_back({Task::Kind::tell_left, interface, group});
    });
    ask_those_that_leave(table, tasks);
    return tasks;
}

}  // namespace sluice::multicast
