// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/route_view.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "control/state/read.h"

namespace sluice::api {
namespace {

using layout::NextHopKind;

std::string_view name_of(NextHopKind kind) {
    static constexpr std::array<std::string_view, 12> names{
        "none",      "gateway",     "connected", "group",   "local",     "broadcast",
        "blackhole", "unreachable", "prohibit",  "martian", "multicast", "translated"};
    const auto index = static_cast<size_t>(kind);
    return index < names.size() ? names[index] : "unknown";
}

std::string_view name_of(routes::Source source) {
    static constexpr std::array<std::string_view, 4> names{"connected", "configured", "runtime",
                                                           "builtin"};
    return names[static_cast<size_t>(source)];
}

json describe_neighbour(const Control& control, layout::InterfaceId interface,
                        net::Ipv4Address address) {
    const layout::State* state = control.state.get();
    if (state == nullptr) return nullptr;
    const uint64_t key = layout::NeighbourKey::of(interface, address);
    for (const layout::NeighbourEntry& entry : state->neighbours) {
        if (entry.key.load(std::memory_order_relaxed) != key) continue;
        const layout::NeighbourLink link(entry.link.load(std::memory_order_relaxed));
        return {{"condition", state::to_string(link.condition())},
                {"mac", link.mac().is_zero() ? json() : json(net::to_string(link.mac()))},
                {"static", link.is_static()}};
    }
    return nullptr;
}

// Nothing where the dataplane has not said.
std::optional<layout::InterfaceStatus> status_of(const Control& control, layout::InterfaceId id) {
    const layout::State* state = control.state.said();
    if (state == nullptr) return std::nullopt;
    auto status = state::interface_status(*state, id);
    if (!status || state::text(status->name) != control.intent.interface_name(id)) {
        return std::nullopt;
    }
    return status;
}

void add_way_out(json& to, const Control& control, const routes::NextHop& hop,
                 net::Ipv4Address towards) {
    const std::string name = control.intent.interface_name(hop.interface);
    const auto* wish = config::find_interface(control.intent.config(), name);
    const auto status = status_of(control, hop.interface);
    uint32_t mtu = wish != nullptr ? wish->mtu : 0;
    if (status && status->mtu != 0) mtu = std::min(mtu, status->mtu);
    const net::Ipv4Address next =
        hop.kind == NextHopKind::gateway ? net::Ipv4Address{hop.address} : towards;
    to["interface"] = name;
    to["interface_condition"] = status ? state::to_string(status->condition) : "unknown";
    to["mtu"] = mtu;
    if (next.is_unspecified()) return;
    to["address"] = net::to_string(next);
    to["neighbour"] = describe_neighbour(control, hop.interface, next);
}

std::string why_no_way_out(const json& hop) {
    const std::string interface = hop.value("interface", "");
    const std::string condition = hop.value("interface_condition", "");
    if (condition == "down" || condition == "failed" || condition == "disabled") {
        return fmt::format("interface {} is {}", interface, condition);
    }
    const auto neighbour = hop.find("neighbour");
    if (neighbour != hop.end() && neighbour->is_object() && (*neighbour)["condition"] == "failed") {
        return fmt::format("{} on {} does not answer ARP", hop.value("address", ""), interface);
    }
    return {};
}

}  // namespace

std::string way_text(const Control& control, fib::NextHopId id) {
    const routes::NextHop& hop = control.intent.next_hops()[id];
    const std::string interface = control.intent.interface_name(hop.interface);
    switch (hop.kind) {
        case NextHopKind::gateway:
            return fmt::format("via {} dev {}", net::to_string(net::Ipv4Address{hop.address}),
                               interface);
        case NextHopKind::connected: return "dev " + interface;
        case NextHopKind::local:
        case NextHopKind::broadcast: return fmt::format("{} dev {}", name_of(hop.kind), interface);
        case NextHopKind::group: {
            std::string text;
            for (const fib::NextHopId member : hop.members) {
                if (!text.empty()) text += ", ";
                text += way_text(control, member);
            }
            return text;
        }
        default: return std::string(name_of(hop.kind));
    }
}

json describe_next_hop(const Control& control, fib::NextHopId id, net::Ipv4Address towards) {
    const routes::NextHop& hop = control.intent.next_hops()[id];
    json result{{"id", id}, {"kind", name_of(hop.kind)}, {"way", way_text(control, id)}};
    switch (hop.kind) {
        case NextHopKind::gateway:
        case NextHopKind::connected: add_way_out(result, control, hop, towards); break;
        case NextHopKind::local:
        case NextHopKind::broadcast:
            result["interface"] = control.intent.interface_name(hop.interface);
            break;
        case NextHopKind::group:
            result["members"] = json::array();
            for (const fib::NextHopId member : hop.members) {
                result["members"].push_back(describe_next_hop(control, member, towards));
            }
            break;
        default: break;
    }
    return result;
}

json describe_candidates(const Control& control, net::Ipv4Prefix prefix, net::Ipv4Address towards) {
    json result = json::array();
    for (const routes::Candidate& c : control.intent.routes().candidates(prefix)) {
        result.push_back({{"source", name_of(c.source)},
                          {"alive", c.alive},
                          {"chosen", c.chosen},
                          {"next_hop", describe_next_hop(control, c.next_hop, towards)}});
    }
    return result;
}

std::string why_not(const json& hop) {
    const std::string kind = hop.value("kind", "");
    if (kind == "blackhole") return "a blackhole route drops it without a word";
    if (kind == "unreachable") return "an unreachable route answers \"host unreachable\"";
    if (kind == "prohibit") return "a prohibit route answers \"administratively prohibited\"";
    if (kind == "martian") return "no packet may be sent to such an address (RFC 1812 5.3.7)";
    if (kind == "multicast") return "multicast is not forwarded";
    if (kind == "gateway" || kind == "connected") return why_no_way_out(hop);
    if (kind != "group") return {};
    std::string reasons;
    for (const json& member : hop["members"]) {
        const std::string reason = why_no_way_out(member);
        if (reason.empty()) return {};
        reasons += (reasons.empty() ? "" : "; ") + reason;
    }
    return reasons;
}

}  // namespace sluice::api
