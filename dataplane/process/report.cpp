// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/report.h"

#include "dataplane/process/clock.h"
#include "lib/log.h"

namespace sluice {
namespace {

using layout::EventKind;

const char* name_of(EventKind kind) {
    switch (kind) {
        case EventKind::interface_up: return "interface_up";
        case EventKind::interface_down: return "interface_down";
        case EventKind::interface_failed: return "interface_failed";
        case EventKind::interface_reset: return "interface_reset";
        case EventKind::worker_stalled: return "worker_stalled";
        case EventKind::worker_recovered: return "worker_recovered";
        case EventKind::next_hop_died: return "next_hop_died";
        case EventKind::next_hop_revived: return "next_hop_revived";
        case EventKind::nat_target_died: return "nat_target_died";
        case EventKind::nat_target_revived: return "nat_target_revived";
        default: return "other";
    }
}

spdlog::level::level_enum level_of(EventKind kind) {
    switch (kind) {
        case EventKind::interface_failed:
        case EventKind::worker_stalled: return spdlog::level::err;
        case EventKind::interface_down:
        case EventKind::interface_reset:
        case EventKind::nat_target_died:
        case EventKind::next_hop_died: return spdlog::level::warn;
        default: return spdlog::level::info;
    }
}

}  // namespace

void Report::push(EventKind kind, layout::InterfaceId id, net::Ipv4Address address,
                  uint64_t extra) {
    block_.events.push(
        {monotonic_ns(), kind, address.value, 0, static_cast<uint32_t>(extra), id, {}});
}

void Report::interface(EventKind kind, layout::InterfaceId id, std::string_view name,
                       std::string_view text) {
    spdlog::log(level_of(kind), "event={} interface={}{}{}", name_of(kind), name,
                text.empty() ? "" : " ", text);
    push(kind, id, {}, 0);
}

void Report::next_hop(EventKind kind, layout::InterfaceId id, std::string_view name,
                      net::Ipv4Address address) {
    spdlog::log(level_of(kind), "event={} interface={} address={}", name_of(kind), name,
                net::to_string(address));
    push(kind, id, address, 0);
}

void Report::worker(EventKind kind, unsigned worker, unsigned core) {
    spdlog::log(level_of(kind), "event={} worker={} core={}", name_of(kind), worker, core);
    push(kind, layout::no_interface, {}, worker);
}

void Report::target(EventKind kind, uint16_t rule, net::Ipv4Address address, uint16_t port) {
    spdlog::log(level_of(kind), "event={} rule={} address={} port={}", name_of(kind), rule,
                net::to_string(address), port);
    block_.events.push({monotonic_ns(), kind, address.value, port, rule, layout::no_interface, {}});
}

void Report::sessions_filling(unsigned percent) {
    spdlog::warn("event=nat_table_filling percent={}", percent);
    push(EventKind::nat_table_filling, layout::no_interface, {}, percent);
}

void Report::plan_refused(uint64_t generation, std::string_view why) {
    spdlog::error("event=plan_refused generation={} reason=\"{}\"", generation, why);
    push(EventKind::plan_refused, layout::no_interface, {}, generation);
}

}  // namespace sluice
