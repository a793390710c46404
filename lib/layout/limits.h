// SPDX-License-Identifier: BSD-3-Clause
// The numbers that both processes must agree on, each written once.
#pragma once
#include <cstdint>

namespace sluice::layout {

inline constexpr unsigned max_ports = 64;  // interfaces with a device
inline constexpr unsigned max_tunnels = 4096;
inline constexpr unsigned max_interfaces = max_ports + max_tunnels;
inline constexpr unsigned max_addresses = 8192;
inline constexpr unsigned max_addresses6 = 1024;
inline constexpr unsigned max_routes6 = 16384;
inline constexpr unsigned max_static_neighbours = 1024;
inline constexpr unsigned max_next_hops = 32768;      // ids are the 15 bits of a FIB entry
inline constexpr unsigned max_group_members = 65536;  // of all equal-cost groups together
inline constexpr unsigned max_group_size = 64;
inline constexpr unsigned max_routes = 1u << 21;
inline constexpr unsigned max_workers = 32;
inline constexpr unsigned max_neighbours = 65536;
inline constexpr unsigned max_trace_filter = 256;  // instructions of a capture filter

inline constexpr unsigned max_nat_rules = 512;
inline constexpr unsigned max_nat_ranges = 8192;     // of all rules together
inline constexpr unsigned max_nat_targets = 2048;    // of all rules together
inline constexpr unsigned max_nat_addresses = 4096;  // external ones whose ports are shared out
inline constexpr uint32_t max_nat_sessions = 1u << 26;

// A place in the snapshot's tables, first that of ports, then that of tunnels. An interface keeps
// it as long as it exists.
using InterfaceId = uint16_t;
inline constexpr InterfaceId no_interface = 0xffff;
static_assert(max_interfaces < no_interface);

constexpr bool is_tunnel(InterfaceId id) noexcept { return id >= max_ports && id < max_interfaces; }

}  // namespace sluice::layout
