// SPDX-License-Identifier: BSD-3-Clause
// The numbers that both processes must agree on, each written once.
#pragma once
#include <cstdint>

namespace sluice::layout {

inline constexpr unsigned max_interfaces = 64;
inline constexpr unsigned max_addresses = 512;
inline constexpr unsigned max_static_neighbours = 1024;
inline constexpr unsigned max_next_hops = 32768;      // ids are the 15 bits of a FIB entry
inline constexpr unsigned max_group_members = 65536;  // of all equal-cost groups together
inline constexpr unsigned max_group_size = 64;
inline constexpr unsigned max_routes = 1u << 21;
inline constexpr unsigned max_workers = 32;
inline constexpr unsigned max_neighbours = 65536;
inline constexpr unsigned max_trace_filter = 256;  // instructions of a capture filter

using InterfaceId = uint8_t;  // a place in the snapshot's table; keeps its name while it exists
inline constexpr InterfaceId no_interface = 0xff;
static_assert(max_interfaces < no_interface);

}  // namespace sluice::layout
