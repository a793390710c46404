// SPDX-License-Identifier: BSD-3-Clause
// Records of the NAT's log, made up.
#pragma once
#include "control/nat_log/outlet.h"
#include "lib/net/address.h"

namespace sluice::nat_log {

inline layout::NatLogRecord record_of(layout::NatLogKind kind) {
    layout::NatLogRecord r{};
    r.time_ns = 5'000'000'000;
    r.at = {.internal = net::addr(10, 0, 0, 9).value,
            .external = net::addr(203, 0, 113, 2).value,
            .remote_inside = net::addr(192, 0, 2, 1).value,
            .remote = net::addr(192, 0, 2, 1).value,
            .internal_port = 0x1388,
            .external_port = 0x1770,
            .remote_inside_port = 0x0050,
            .remote_port = 0x0050};
    r.last_port = 0x17ff;
    r.rule = 7;
    r.kind = kind;
    r.protocol = 6;
    r.created = 2;
    r.limit = 0x100;
    return r;
}

inline Words plain_words(bool destinations = false) {
    return {[](uint16_t id) { return id == 7 ? std::string("internet") : std::string(); },
            [](uint64_t ns) { return ns / 1'000'000; }, destinations};
}

}  // namespace sluice::nat_log
