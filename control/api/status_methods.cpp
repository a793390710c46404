// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include "control/api/methods.h"
#include "control/state/read.h"
#include "lib/layout/publish.h"
#include "lib/layout/regions.h"

namespace sluice::api {
namespace {

double seconds_since(uint64_t then_ns) {
    const uint64_t now = control::monotonic_ns();
    return then_ns == 0 || then_ns > now ? 0 : static_cast<double>(now - then_ns) / 1e9;
}

template <typename T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json();
}

json control_status(const Control& control) {
    const auto left = control.config.time_left();
    return {{"version", layout::version},
            {"process", ::getpid()},
            {"uptime_s", seconds_since(control.started_ns)},
            {"generation", control.intent.generation()},
            {"config_file", control.config.file().string()},
            {"intent_on_huge_pages", control.intent_on_huge_pages},
            {"confirm_left_s", left ? json(static_cast<double>(left->count()) / 1000) : json()}};
}

json dataplane_status(const Control& control) {
    json result{{"alive", control.state.dataplane_alive()},
                {"starting", control.state.dataplane_starting()},
                {"trouble", control.state.trouble()},
                {"version", ""},
                {"process", 0},
                {"uptime_s", 0.0},
                {"generation", 0},
                {"refused_generation", 0},
                {"message", ""},
                {"workers", 0},
                {"packets_on_huge_pages", false},
                {"state_on_huge_pages", control.state.on_huge_pages()},
                {"cpu_percent", or_null(control.load.dataplane_percent())},
                {"main_silent_s", 0.0}};
    const layout::State* state = control.state.said();
    if (state == nullptr) return result;
    result["generation"] = state->main.generation.load(std::memory_order_acquire);
    result["workers"] = state::worker_count(*state);
    result["main_silent_s"] =
        seconds_since(state->main.heartbeat_ns.load(std::memory_order_relaxed));
    if (const auto status = state::main_status(*state)) {
        result["version"] = state::text(status->version);
        result["process"] = status->process;
        result["uptime_s"] =
            control.state.dataplane_alive() ? seconds_since(status->started_ns) : 0.0;
        result["refused_generation"] = status->refused;
        result["message"] = state::text(status->message);
        result["packets_on_huge_pages"] = status->huge_pages != 0;
    }
    return result;
}

json status(Control& control, const Params&) {
    control.state.refresh();
    return {{"control", control_status(control)}, {"dataplane", dataplane_status(control)}};
}

json memory(Control& control, const Params&) {
    const fib::Writer::Memory fib = control.intent.routes().memory();
    const size_t routes = control.intent.routes().chosen().size();
    const auto bytes = static_cast<double>(fib.table_bytes_touched + fib.rib_bytes);
    return {{"fib",
             {{"bytes", fib.table_bytes},
              {"bytes_touched", fib.table_bytes_touched},
              {"groups_in_use", fib.groups_in_use},
              {"groups_free", fib.groups_free},
              {"groups_retired", fib.groups_retired}}},
            {"rib_bytes", fib.rib_bytes},
            {"routes", routes},
            {"bytes_per_route", routes == 0 ? 0.0 : bytes / static_cast<double>(routes)},
            {"runtime_routes", control.intent.routes().runtime_count()},
            {"runtime_capacity", control.intent.routes().runtime_capacity()},
            {"next_hops", control.intent.next_hops().count()},
            {"next_hops_capacity", layout::max_next_hops - 1},
            {"intent_bytes", sizeof(layout::Intent)},
            {"state_bytes", sizeof(layout::State)},
            {"intent_on_huge_pages", control.intent_on_huge_pages},
            {"state_on_huge_pages", control.state.on_huge_pages()}};
}

json events(Control& control, const Params& params) {
    const uint64_t after = params.number_or("after", 0, UINT64_MAX);
    control.state.refresh();
    control.events.drain(control.state);
    json list = json::array();
    for (const state::LoggedEvent& logged : control.events.newest()) {
        if (logged.number <= after) continue;
        const std::string interface = control.intent.interface_name(logged.event.interface);
        list.push_back(
            {{"number", logged.number},
             {"ago_s", seconds_since(logged.event.time_ns)},
             {"kind", state::name_of(logged.event.kind)},
             {"severity", state::to_string(state::severity(logged.event.kind))},
             {"worker", logged.worker < 0 ? json() : json(logged.worker)},
             {"interface", interface},
             {"sentence", state::sentence(logged.event, control.names_in(logged.event))}});
    }
    return {{"events", std::move(list)}, {"lost", control.events.lost()}};
}

}  // namespace

std::span<const Method> status_methods() {
    static constexpr Method methods[] = {
        {"status.get", status}, {"memory.get", memory}, {"event.list", events}};
    return methods;
}

}  // namespace sluice::api
