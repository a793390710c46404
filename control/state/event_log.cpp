// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/event_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/state/read.h"

namespace sluice::state {

void EventLog::drain(const StateView& view) {
    const layout::State* state = view.get();
    if (state == nullptr) return;
    if (opening_ != view.openings()) {
        next_ = {};
        quiet_ = opening_ == 0;
        opening_ = view.openings();
    }
    drain(state->main.events, next_[layout::max_workers], -1);
    for (unsigned w = 0; w < layout::max_workers; ++w) {
        drain(state->workers[w].events, next_[w], static_cast<int>(w));
    }
    quiet_ = false;
}

template <typename Ring>
void EventLog::drain(const Ring& ring, uint64_t& next, int worker) {
    const uint64_t written = ring.written.load(std::memory_order_acquire);
    const uint64_t oldest = written - std::min<uint64_t>(written, Ring::size() - 1);
    if (next < oldest || next > written) {
        if (next < oldest && next != 0) lost_ += oldest - next;
        next = oldest;
    }
    for (; next < written; ++next) {
        layout::Event event;
        if (ring.read(next, event)) {
            keep(event, worker);
        } else {
            ++lost_;
        }
    }
}

void EventLog::keep(const layout::Event& event, int worker) {
    if (event.kind == layout::EventKind::none) return;
    if (events_.size() == kept) events_.pop_front();
    events_.push_back({++numbers_, worker, event});
    if (!quiet_ && sink_) sink_(events_.back());
}

std::string_view name_of(layout::EventKind kind) {
    using layout::EventKind;
    switch (kind) {
        case EventKind::none: return "none";
        case EventKind::interface_up: return "interface_up";
        case EventKind::interface_down: return "interface_down";
        case EventKind::interface_failed: return "interface_failed";
        case EventKind::interface_reset: return "interface_reset";
        case EventKind::duplicate_address: return "duplicate_address";
        case EventKind::neighbour_failed: return "neighbour_failed";
        case EventKind::neighbour_moved: return "neighbour_moved";
        case EventKind::neighbour_table_full: return "neighbour_table_full";
        case EventKind::worker_stalled: return "worker_stalled";
        case EventKind::worker_recovered: return "worker_recovered";
        case EventKind::plan_refused: return "plan_refused";
        case EventKind::next_hop_died: return "next_hop_died";
        case EventKind::next_hop_revived: return "next_hop_revived";
        case EventKind::nat_no_port: return "nat_no_port";
        case EventKind::nat_subscriber_limit: return "nat_subscriber_limit";
        case EventKind::nat_table_full: return "nat_table_full";
        case EventKind::nat_table_filling: return "nat_table_filling";
        case EventKind::nat_target_died: return "nat_target_died";
        case EventKind::nat_target_revived: return "nat_target_revived";
        default: return "unknown";
    }
}

namespace {

// Of an event of the NAT: which subscriber could not reach which destination, by which rule.
std::string flow_of(const layout::Event& e, const std::string& rule) {
    return fmt::format("{} to {}, by rule {}", net::to_string(net::Ipv4Address{e.address}),
                       net::to_string(net::Ipv4Address{static_cast<uint32_t>(e.mac)}),
                       rule.empty() ? fmt::format("{}, which is gone", e.extra) : rule);
}

std::string target_of(const layout::Event& e, const std::string& rule) {
    const std::string address = net::to_string(net::Ipv4Address{e.address});
    return fmt::format("target {} of rule {}",
                       e.mac == 0 ? address : fmt::format("{}:{}", address, e.mac),
                       rule.empty() ? std::to_string(e.extra) : rule);
}

}  // namespace

std::string sentence(const layout::Event& e, const EventNames& names) {
    using layout::EventKind;
    const std::string address = net::to_string(net::Ipv4Address{e.address});
    const std::string mac = net::to_string(net::MacAddress::from_bits(e.mac));
    const std::string name =
        names.interface.empty() ? fmt::format("interface {}", e.interface) : names.interface;
    switch (e.kind) {
        case EventKind::interface_up: return name + ": the link is up";
        case EventKind::interface_down: return name + ": the link is down";
        case EventKind::interface_failed:
            return name + ": the device does not work; `sluice show interface` says why";
        case EventKind::interface_reset: return name + ": the device was reset";
        case EventKind::duplicate_address:
            return fmt::format("{}: {} claims this router's address {}", name, mac, address);
        case EventKind::neighbour_failed:
            return fmt::format("{}: {} does not answer ARP", name, address);
        case EventKind::neighbour_moved:
            return fmt::format("{}: {} is now at {}", name, address, mac);
        case EventKind::neighbour_table_full: return name + ": no room for another neighbour";
        case EventKind::worker_stalled: return fmt::format("worker {} stands still", e.extra);
        case EventKind::worker_recovered: return fmt::format("worker {} goes on again", e.extra);
        case EventKind::plan_refused:
            return fmt::format("the dataplane refused generation {}; `sluice show status` says why",
                               e.extra);
        case EventKind::next_hop_died: return fmt::format("{}: next hop {} is dead", name, address);
        case EventKind::next_hop_revived:
            return fmt::format("{}: next hop {} is alive again", name, address);
        case EventKind::nat_no_port: return "no external port is free: " + flow_of(e, names.rule);
        case EventKind::nat_subscriber_limit:
            return "at the rule's limit of ports or sessions: " + flow_of(e, names.rule);
        case EventKind::nat_table_full:
            return "the table of sessions is full: " + flow_of(e, names.rule);
        case EventKind::nat_table_filling:
            return fmt::format(
                "the table of sessions is {} % full; \"sessions\".\"max\" enlarges it", e.extra);
        case EventKind::nat_target_died: return target_of(e, names.rule) + " does not answer";
        case EventKind::nat_target_revived: return target_of(e, names.rule) + " answers again";
        default: return fmt::format("event {}", static_cast<uint32_t>(e.kind));
    }
}

layout::Severity severity(layout::EventKind kind) {
    using layout::EventKind;
    using layout::Severity;
    switch (kind) {
        case EventKind::interface_failed:
        case EventKind::duplicate_address:
        case EventKind::neighbour_table_full:
        case EventKind::worker_stalled:
        case EventKind::nat_no_port:
        case EventKind::nat_table_full:
        case EventKind::plan_refused: return Severity::error;
        case EventKind::interface_down:
        case EventKind::interface_reset:
        case EventKind::next_hop_died:
        case EventKind::nat_subscriber_limit:
        case EventKind::nat_table_filling:
        case EventKind::nat_target_died:
        case EventKind::neighbour_moved: return Severity::warning;
        default: return Severity::notice;
    }
}

}  // namespace sluice::state
