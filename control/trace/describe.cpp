// SPDX-License-Identifier: BSD-3-Clause
#include "control/trace/describe.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "lib/net/wire6.h"

namespace sluice::trace {
namespace {

using layout::Step;
using layout::StepResult;
using nlohmann::json;

template <typename Header>
const Header* header_at(std::span<const uint8_t> frame, size_t offset) {
    if (frame.size() < sizeof(Header) || offset > frame.size() - sizeof(Header)) return nullptr;
    return reinterpret_cast<const Header*>(frame.data() + offset);
}

std::string summary_of_arp(std::span<const uint8_t> frame) {
    const auto* arp = header_at<net::ArpPacket>(frame, sizeof(net::EthernetHeader));
    if (arp == nullptr) return "arp, cut short";
    const std::string sender = net::to_string(net::Ipv4Address{arp->sender_ip.host()});
    const std::string target = net::to_string(net::Ipv4Address{arp->target_ip.host()});
    if (arp->operation.host() == net::arp_request) {
        return fmt::format("arp who has {}, asks {}", target, sender);
    }
    return fmt::format("arp {} is at {}", sender, net::to_string(arp->sender_mac));
}

struct Ports {
    net::Be16 source;
    net::Be16 destination;
};

std::string summary_of_ipv4(std::span<const uint8_t> frame) {
    const auto* ip = header_at<net::Ipv4Header>(frame, sizeof(net::EthernetHeader));
    if (ip == nullptr) return "ipv4, cut short";
    const std::string from = net::to_string(ip->source_address());
    const std::string to = net::to_string(ip->destination_address());
    const size_t payload = sizeof(net::EthernetHeader) + ip->header_length();
    const std::string rest = fmt::format(", ttl {}, {} bytes{}", ip->ttl, ip->total_length.host(),
                                         ip->is_fragment() ? ", a fragment" : "");
    const auto* ports = header_at<Ports>(frame, payload);
    const auto* icmp = header_at<net::IcmpHeader>(frame, payload);
    const bool first = ip->fragment_offset() == 0;
    const bool has_ports = ip->protocol == net::Protocol::tcp || ip->protocol == net::Protocol::udp;
    if (has_ports && first && ports != nullptr) {
        return fmt::format("{} {}:{} > {}:{}{}", ip->protocol == net::Protocol::tcp ? "tcp" : "udp",
                           from, ports->source.host(), to, ports->destination.host(), rest);
    }
    if (ip->protocol == net::Protocol::icmp && first && icmp != nullptr) {
        return fmt::format("icmp type {} code {} {} > {}{}", icmp->type, icmp->code, from, to,
                           rest);
    }
    return fmt::format("protocol {} {} > {}{}", ip->protocol, from, to, rest);
}

std::string summary_of_ipv6(std::span<const uint8_t> frame) {
    const auto* ip = header_at<net::Ipv6Header>(frame, sizeof(net::EthernetHeader));
    if (ip == nullptr) return "IPv6, cut short";
    return fmt::format("IPv6 {} > {} next header {}, hop limit {}, {} bytes",
                       net::to_string(ip->source_address()),
                       net::to_string(ip->destination_address()), ip->next_header, ip->hop_limit,
                       ip->total_length());
}

std::string address(uint32_t value) { return net::to_string(net::Ipv4Address{value}); }

// The address that the NAT wrote, and by which rule; 0 where it left the packet alone.
std::string translated(std::string_view direction, const layout::TraceStep& step,
                       const Names& names) {
    if (step.a == 0 || step.result == StepResult::dropped) return {};
    const std::string to = fmt::format("{} {}", direction, address(step.a));
    return step.b == 0
               ? to
               : fmt::format("{}, by rule {}", to, names.nat_rule(static_cast<uint16_t>(step.b)));
}

// What `a` and `b` of a step are stands with the note() calls in dataplane/.
std::string details(const layout::TraceStep& step, const Names& names) {
    const std::string interface = names.interface(step.interface);
    switch (step.step) {
        case Step::ethernet_accept: return "came in by " + interface;
        case Step::ipv4_screen_source: return "from " + address(step.a);
        case Step::ipv4_find_route: {
            const std::string prefix = names.route(step.a);
            if (prefix.empty()) return address(step.a) + ": no route";
            if (step.result != StepResult::passed)
                return fmt::format("{} is in {}", address(step.a), prefix);
            return fmt::format("{} is in {}: {}", address(step.a), prefix,
                               names.way(static_cast<uint16_t>(step.b)));
        }
        case Step::ipv4_forward:
            return step.a == 0 ? "out by " + interface : fmt::format("out by {} to {}", interface, address(step.a));
        case Step::nat_translate: return translated("to", step, names);
        case Step::nat_open: return translated("from", step, names);
        case Step::tunnel_receive:
            if (step.a != 0)
                return fmt::format("an error about {} to {}", interface, address(step.a));
            return step.result == StepResult::passed ? "came out of " + interface : std::string {};
        case Step::tunnel_send: return fmt::format("by {} to {}", interface, address(step.a));
        case Step::bridge: return "to " + interface;
        case Step::igmp_receive: return "heard by " + interface;
        case Step::multicast_forward:
            return fmt::format("{}, came by {}", address(step.a), interface);
        case Step::multicast_copy: return "a copy by " + interface;
        case Step::broadcast_relay: return "came by " + interface;
        case Step::ipv4_fragment: return fmt::format("{} takes {} bytes", interface, step.a);
        case Step::ipv6_forward: return "out by " + interface;
        case Step::nd_resolve: return "on " + interface;
        case Step::arp_resolve: return fmt::format("{} on {}", address(step.a), interface);
        default: return {};
    }
}

std::string_view result_name(StepResult result) {
    switch (result) {
        case StepResult::passed: return "passed";
        case StepResult::dropped: return "dropped";
        case StepResult::finished: return "finished";
    }
    return "unknown";
}

json describe_step(const layout::TraceStep& step, const Names& names) {
    const auto index = static_cast<size_t>(step.step);
    const auto reason = static_cast<size_t>(step.reason);
    const bool known = index < layout::step_texts.size();
    const bool dropped = step.result == StepResult::dropped && reason < layout::drop_reason_count;
    return {{"step", known ? layout::step_texts[index].name : "unknown"},
            {"question", known ? layout::step_texts[index].sentence : ""},
            {"result", result_name(step.result)},
            {"reason", dropped ? json(layout::drop_reason_texts[reason].name) : json()},
            {"details", details(step, names)}};
}

bool is_within(Step step, Step outer) {
    const bool sends = step == Step::ipv4_fragment || step == Step::arp_resolve ||
                       step == Step::nd_resolve || step == Step::tunnel_send;
    switch (outer) {
        case Step::bridge:
        case Step::multicast_copy:
        case Step::igmp_receive: return sends;
        case Step::broadcast_relay:
        case Step::multicast_forward: return sends || step == Step::multicast_copy;
        case Step::tunnel_receive: return step == Step::bridge;
        case Step::ipv4_forward:
        case Step::ipv4_local:
        case Step::ipv6_forward:
        case Step::ipv6_local:
            return sends || step == Step::nd_receive || step == Step::ipv4_reassemble ||
                   step == Step::icmp_receive || step == Step::tunnel_receive ||
                   step == Step::bridge;
        default: return false;
    }
}

// A stage within a stage is noted before the one around it, since that one's verdict comes last;
// a reader wants to see them as the packet met them.
std::vector<layout::TraceStep> in_order(const layout::TraceRecord& record) {
    const size_t count = std::min<size_t>(record.step_count, layout::max_trace_steps);
    std::vector<layout::TraceStep> steps(record.steps, record.steps + count);
    for (auto outer = steps.begin(); outer != steps.end(); ++outer) {
        auto inner = outer;
        while (inner != steps.begin() && is_within(std::prev(inner)->step, outer->step)) --inner;
        std::rotate(inner, outer, std::next(outer));
    }
    return steps;
}

}  // namespace

std::string summary(std::span<const uint8_t> frame, uint32_t frame_length) {
    const auto* ethernet = header_at<net::EthernetHeader>(frame, 0);
    if (ethernet == nullptr) return fmt::format("{} bytes, no Ethernet header", frame_length);
    switch (static_cast<net::EtherType>(ethernet->type.host())) {
        case net::EtherType::arp: return summary_of_arp(frame);
        case net::EtherType::ipv4: return summary_of_ipv4(frame);
        case net::EtherType::ipv6: return summary_of_ipv6(frame);
        default:
            return fmt::format("ethertype 0x{:04x}, {} bytes", ethernet->type.host(), frame_length);
    }
}

std::string hex(std::span<const uint8_t> bytes) {
    std::string text;
    text.reserve(2 * bytes.size());
    for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

json describe(const layout::TraceRecord& record, const Names& names) {
    const std::span bytes(record.bytes, std::min<size_t>(record.captured, layout::max_trace_bytes));
    json steps = json::array();
    std::optional<size_t> drop;
    bool finished = false;
    for (const layout::TraceStep& step : in_order(record)) {
        steps.push_back(describe_step(step, names));
        // What follows the first drop is the ICMP error's way to the source.
        if (step.result == StepResult::dropped && !drop) drop = static_cast<size_t>(step.reason);
        finished |= step.result == StepResult::finished;
    }
    json result{{"packet", summary(bytes, record.frame_length)},
                {"in", names.interface(record.interface)},
                {"length", record.frame_length},
                {"steps", std::move(steps)},
                {"verdict", finished ? "taken" : "unknown"},
                {"reason", nullptr},
                {"sentence", ""},
                {"advice", ""},
                {"hex", hex(bytes)}};
    if (!drop) return result;
    result["verdict"] = "dropped";
    if (*drop >= layout::drop_reason_count) return result;
    const layout::DropReasonText& text = layout::drop_reason_texts[*drop];
    result["reason"] = text.name;
    result["sentence"] = text.sentence;
    result["advice"] = text.advice;
    return result;
}

}  // namespace sluice::trace
