// SPDX-License-Identifier: BSD-3-Clause
// Copies out of the state memory that are safe to use: whole, within bounds, text that is text.
// The other side may be newer, broken or hostile; nothing it writes leads outside.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/layout/state.h"

namespace sluice::state {

// Nothing where the writer died while writing.
std::optional<layout::MainStatus> main_status(const layout::State& state);
std::optional<layout::InterfaceStatus> interface_status(const layout::State& state,
                                                        layout::InterfaceId id);

// How many workers there are, at most max_workers.
uint32_t worker_count(const layout::State& state);

// The sum over all workers, those of an earlier and larger crew included.
uint64_t drops(const layout::State& state, layout::DropReason reason);
uint64_t tally(const layout::State& state, layout::Tally tally);

struct Traffic {
    uint64_t rx_packets = 0, rx_bytes = 0, tx_packets = 0, tx_bytes = 0;
};
Traffic traffic(const layout::State& state, layout::InterfaceId id);

// Of the NAT's rule with this id, summed over all workers.
struct NatRuleTraffic {
    uint64_t sessions = 0, refused = 0, packets = 0;
};
NatRuleTraffic nat_rule_traffic(const layout::State& state, uint16_t id);

// Text in an array of fixed size: up to its zero, or all of it; what is not printable ASCII or a
// line's end becomes '?'.
std::string text_in(const char* array, size_t size);
template <size_t n>
std::string text(const char (&array)[n]) {
    return text_in(array, n);
}

struct NeighbourView {
    layout::InterfaceId interface;
    net::Ipv4Address address;
    net::Ipv6Address address6;
    bool is_ipv6;
    layout::NeighbourLink link;
    uint32_t attempts;
};
std::string address_text(const NeighbourView& neighbour);
// All that are in use, by interface and address, those of IPv4 first.
std::vector<NeighbourView> neighbours(const layout::State& state);

std::string_view to_string(layout::InterfaceCondition condition);
std::string_view to_string(layout::NeighbourCondition condition);
std::string_view to_string(layout::Severity severity);

}  // namespace sluice::state
