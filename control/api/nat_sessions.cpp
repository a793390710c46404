// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "control/api/methods.h"
#include "control/api/nat_view.h"

namespace sluice::api {
namespace {

// Places looked at and rows given in one answer: a few milliseconds, whatever the table holds.
constexpr uint64_t most_places = 65536;
constexpr uint64_t most_rows = 1000;

// From place `from` on, every `every`th. Who wants all asks again from `next` until that is null;
// what begins or ends meanwhile may be there or not.
json list(Control& control, const Params& params) {
    control.sessions.refresh();
    const layout::NatSessionFilter filter = session_filter_in(control, params);
    const uint64_t limit = params.number_or("limit", 50, most_rows);
    const uint64_t every = std::max<uint64_t>(1, params.number_or("every", 1, UINT32_MAX));
    const auto sessions = control.sessions.sessions();
    const auto now = static_cast<uint32_t>(control::monotonic_ns() / 1'000'000'000);
    json rows = json::array();
    uint64_t place = params.number_or("from", 0, UINT32_MAX);
    for (uint64_t looked = 0; place < sessions.size(); place += every) {
        if (rows.size() == limit || looked++ == most_places) break;
        flow::SessionCopy copy;
        if (!flow::copy_live(copy, sessions[place]) || !layout::matches(filter, copy.facts)) {
            continue;
        }
        rows.push_back(describe_session(control, copy, now));
    }
    return {{"sessions", std::move(rows)},
            {"next", place < sessions.size() ? json(place) : json()},
            {"capacity", sessions.size()}};
}

}  // namespace

std::span<const Method> session_methods() {
    static constexpr Method methods[] = {{"session.list", list}};
    return methods;
}

}  // namespace sluice::api
