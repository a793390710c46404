// SPDX-License-Identifier: BSD-3-Clause
// Who asks on a link who has joined what: of several routers the one with the lowest address
// (RFC 3376 6.6.2). And the times that follow from what the configuration says (RFC 3376 8).
#pragma once
#include "dataplane/context.h"
#include "lib/time_units.h"

namespace sluice::igmp {

inline constexpr uint32_t last_member_tenths = 10;  // 8.8

// Whether this router asks on the interface: it is wished, and nobody has a better right.
bool may_ask(const Context& c, InterfaceId interface) noexcept;
// Another router has asked there; true where it has the better right.
bool yield_to(Context& c, InterfaceId interface, net::Ipv4Address other) noexcept;

// 8.4: for so long a member is believed to be one.
constexpr uint64_t membership_ns(const layout::Multicast& m) noexcept {
    return uint64_t{m.robustness} * m.query_interval_s * second_ns +
           m.response_tenths * (second_ns / 10);
}
// 8.5: for so long another querier is believed to be there.
constexpr uint64_t other_querier_ns(const layout::Multicast& m) noexcept {
    return uint64_t{m.robustness} * m.query_interval_s * second_ns +
           m.response_tenths * (second_ns / 20);
}
// 8.10: for so long after the last question whether anybody stays.
constexpr uint64_t last_member_ns(const layout::Multicast& m) noexcept {
    return uint64_t{m.robustness} * last_member_tenths * (second_ns / 10);
}

}  // namespace sluice::igmp
