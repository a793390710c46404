// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>

#include "control/api/methods.h"
#include "control/state/read.h"
#include "dataplane/multicast/groups.h"

namespace sluice::api {
namespace {

double seconds_until(uint64_t then_ns, uint64_t now_ns) {
    return then_ns > now_ns ? static_cast<double>(then_ns - now_ns) / 1e9 : 0;
}

json membership_of(const Control& control, const layout::Membership& m, uint64_t now_ns) {
    const auto id = static_cast<layout::InterfaceId>(m.interface.load() - 1);
    return {{"interface", control.intent.interface_name(id)},
            {"reporter", net::to_string(net::Ipv4Address{m.reporter.load()})},
            {"igmp_version", m.version.load()},
            {"leaving", m.leaving.load() != 0},
            {"expires_s", seconds_until(m.until_ns.load(), now_ns)}};
}

// Those that have joined and those that want all, as the dataplane puts them together.
json copies_to(const Control& control, const json& members) {
    std::vector<std::string> names;
    for (const config::MulticastInterface& i : control.intent.config().multicast.interfaces) {
        const bool joined = std::any_of(members.begin(), members.end(),
                                        [&](const json& m) { return m["interface"] == i.name; });
        if (joined || i.all) names.push_back(i.name);
    }
    return names;
}

json groups_of(const Control& control, const layout::MulticastTable& table, uint64_t now_ns) {
    std::map<net::Ipv4Address, json> sorted;
    multicast::for_each_group(table, [&](net::Ipv4Address group, const layout::MulticastGroup& g) {
        json members = json::array();
        for (const layout::Membership& m : g.members) {
            if (m.interface.load() == 0 || m.until_ns.load() <= now_ns) continue;
            members.push_back(membership_of(control, m, now_ns));
        }
        if (members.empty()) return;
        const json copied = copies_to(control, members);
        sorted[group] = {{"group", net::to_string(group)},
                         {"packets", g.packets.load()},
                         {"copies", g.copies.load()},
                         {"members", std::move(members)},
                         {"copies_to", copied}};
    });
    json list = json::array();
    for (auto& [group, shown] : sorted) list.push_back(std::move(shown));
    return list;
}

json multicast_interface_of(const Control& control, const config::MulticastInterface& wish,
                            uint64_t now_ns) {
    json result{{"name", wish.name},
                {"copies", wish.all ? "all" : "members"},
                {"querier", wish.querier && !wish.all},
                {"other_querier", nullptr},
                {"groups", 0},
                {"max_groups", wish.max_groups}};
    const layout::InterfaceId id = control.intent.interface_id(wish.name);
    const layout::State* state = control.state.get();
    if (state == nullptr || id >= layout::max_interfaces) return result;
    const layout::MulticastLink& link = state->multicast.links[id];
    result["groups"] = link.groups.load();
    if (link.other_until_ns.load() > now_ns) {
        result["other_querier"] = net::to_string(net::Ipv4Address{link.other.load()});
    }
    return result;
}

json list_multicast(Control& control, const Params&) {
    control.state.refresh();
    const uint64_t now = control::monotonic_ns();
    const config::Multicast& wish = control.intent.config().multicast;
    const config::BroadcastRelay& relay = control.intent.config().broadcast_relay;
    json interfaces = json::array();
    for (const config::MulticastInterface& i : wish.interfaces) {
        interfaces.push_back(multicast_interface_of(control, i, now));
    }
    const layout::State* state = control.state.get();
    json groups = state == nullptr ? json::array() : groups_of(control, state->multicast, now);
    const auto tally = [&](layout::Tally t) {
        return state == nullptr ? uint64_t{0} : state::tally(*state, t);
    };
    return {{"dataplane_alive", control.state.dataplane_alive()},
            {"interfaces", std::move(interfaces)},
            {"groups", std::move(groups)},
            {"max_groups", wish.max_groups},
            {"packets", tally(layout::Tally::multicast_packets)},
            {"copies", tally(layout::Tally::multicast_copies)},
            {"broadcast_relay",
             {{"interfaces", relay.interfaces},
              {"udp_ports", relay.udp_ports},
              {"packets", tally(layout::Tally::broadcasts_relayed)},
              {"copies", tally(layout::Tally::broadcast_copies)}}}};
}

}  // namespace

std::span<const Method> multicast_methods() {
    static constexpr Method methods[] = {{"multicast.list", list_multicast}};
    return methods;
}

}  // namespace sluice::api
