// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "control/api/methods.h"
#include "control/api/trace_names.h"
#include "control/trace/describe.h"

namespace sluice::api {
namespace {

// [[code, jump_true, jump_false, k], ...], as libpcap compiles it. The text of a filter is compiled
// by who asks: it may name hosts, and control must not wait for a name server.
std::vector<layout::FilterInstruction> filter_in(const json& list) {
    std::vector<layout::FilterInstruction> filter;
    const auto number = [](const json& value, uint64_t most) {
        if (!value.is_number_unsigned() || value.get<uint64_t>() > most) {
            throw Failure(error::invalid_params,
                          "\"filter\" should be a list of instructions, "
                          "[code, jump_true, jump_false, k] each");
        }
        return value.get<uint64_t>();
    };
    for (const json& i : list) {
        if (!i.is_array() || i.size() != 4) number(nullptr, 0);
        filter.push_back({static_cast<uint16_t>(number(i[0], UINT16_MAX)),
                          static_cast<uint8_t>(number(i[1], UINT8_MAX)),
                          static_cast<uint8_t>(number(i[2], UINT8_MAX)),
                          static_cast<uint32_t>(number(i[3], UINT32_MAX))});
    }
    return filter;
}

json start(Control& control, const Params& params) {
    const auto filter = filter_in(params.list("filter"));
    if (const std::string reason = trace::Traces::why_not(filter); !reason.empty()) {
        throw Failure(error::invalid_params, reason);
    }
    layout::InterfaceId interface = layout::no_interface;
    if (const auto name = params.optional_text("interface"))
        interface = interface_of(control, *name);
    const uint64_t count = params.number_or("count", 10, trace::Traces::most);
    control.state.refresh();
    if (!control.state.dataplane_alive()) throw Failure(error::refused, "no dataplane is running");
    return {{"trace", control.traces.request(control.intent, static_cast<uint32_t>(count),
                                             interface, filter)}};
}

json read(Control& control, const Params& params) {
    const uint64_t number = params.number("trace", UINT64_MAX);
    const uint64_t after = params.number_or("after", 0, UINT64_MAX);
    control.state.refresh();
    control.traces.drain(control.state);
    const trace::Names names = names_of(control);
    json packets = json::array();
    uint64_t last = after;
    for (const trace::Traces::Seen& seen : control.traces.since(number, after)) {
        json packet = trace::describe(seen.record, names);
        packet["worker"] = seen.worker;
        packet["time_ns"] = seen.record.time_ns;
        packets.push_back(std::move(packet));
        last = seen.place;
    }
    return {{"packets", std::move(packets)},
            {"next", last},
            {"replaced", number != control.traces.number()}};
}

json stop(Control& control, const Params& params) {
    // Somebody else's request may have taken this one's place.
    if (params.number("trace", UINT64_MAX) == control.traces.number()) {
        control.traces.stop(control.intent);
    }
    return json::object();
}

}  // namespace

std::span<const Method> trace_methods() {
    static constexpr Method methods[] = {
        {"trace.start", start}, {"trace.read", read}, {"trace.stop", stop}};
    return methods;
}

}  // namespace sluice::api
