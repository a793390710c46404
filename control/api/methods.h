// SPDX-License-Identifier: BSD-3-Clause
// The groups of methods, each in a file of its name. To add a group: its file, its line here and
// its line in methods.cpp.
#pragma once
#include <span>

#include "control/api/rpc.h"

namespace sluice::api {

std::span<const Method> config_methods();     // apply, diff, confirm, rollback, history
std::span<const Method> route_methods();      // add, delete, load, look up, list
std::span<const Method> nat_methods();        // rules, external addresses, clearing
std::span<const Method> nat_log_methods();    // how far its log has come
std::span<const Method> session_methods();    // the NAT's sessions
std::span<const Method> neighbour_methods();  // add, delete, list
std::span<const Method> interface_methods();  // what was asked and got, counters
std::span<const Method> tunnel_methods();     // ends, condition, counters
std::span<const Method> multicast_methods();  // groups, members, who asks
std::span<const Method> counter_methods();    // drops, cycles, workers
std::span<const Method> status_methods();     // both processes, memory, events
std::span<const Method> explain_methods();    // what would happen to a packet
std::span<const Method> trace_methods();      // what happens to real ones

}  // namespace sluice::api
