// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "control/api/methods.h"
#include "control/api/nat_view.h"

namespace sluice::api {
namespace {

// Places looked at and rows given in one answer: a few milliseconds, whatever the table holds.
constexpr uint64_t most_places = 65536;
constexpr uint64_t most_rows = 1000;

// From place `from` on, every `every`th, those that match, `limit` at most. Who wants all asks
// again from `next` until that is null; what begins or ends meanwhile may be there or not.
template <typename See>
json each_session(Control& control, const Params& params, uint64_t limit, See&& see) {
    control.sessions.refresh();
    const layout::NatSessionFilter filter = session_filter_in(control, params);
    const uint64_t every = std::max<uint64_t>(1, params.number_or("every", 1, UINT32_MAX));
    const auto sessions = control.sessions.sessions();
    uint64_t place = params.number_or("from", 0, UINT32_MAX), looked = 0, seen = 0;
    for (; place < sessions.size() && seen < limit && looked < most_places; place += every) {
        ++looked;
        flow::SessionCopy copy;
        if (!flow::copy_live(copy, sessions[place]) || !layout::matches(filter, copy.facts)) {
            continue;
        }
        ++seen;
        see(copy);
    }
    return {{"next", place < sessions.size() ? json(place) : json()},
            {"capacity", sessions.size()}};
}

json list_sessions(Control& control, const Params& params) {
    const auto now = static_cast<uint32_t>(control::monotonic_ns() / 1'000'000'000);
    json rows = json::array();
    json answer = each_session(control, params, params.number_or("limit", 50, most_rows),
                               [&](const flow::SessionCopy& session) {
                                   rows.push_back(describe_session(control, session, now));
                               });
    answer["sessions"] = std::move(rows);
    return answer;
}

// For who counts millions: three numbers a session, one behind the other. The host inside; the
// remote one; external address, port and protocol in one.
json numbers(Control& control, const Params& params) {
    json::array_t numbers;
    json answer = each_session(control, params, most_places, [&](const flow::SessionCopy& session) {
        const flow::FlowKey& in = session.facts.keys[1];
        numbers.emplace_back(session.facts.keys[0].source.host());
        numbers.emplace_back(in.source.host());
        numbers.emplace_back(uint64_t{in.destination.host()} << 24 |
                             uint64_t{in.destination_port.host()} << 8 | in.protocol);
    });
    answer["numbers"] = std::move(numbers);
    return answer;
}

}  // namespace

std::span<const Method> session_methods() {
    static constexpr Method methods[] = {{"session.list", list_sessions},
                                         {"session.numbers", numbers}};
    return methods;
}

}  // namespace sluice::api
