// SPDX-License-Identifier: BSD-3-Clause
// What DPDK and its drivers say, a line at a time: into our log, the same line once a minute, and
// kept for whoever has to explain why a device failed. Thread-safe.
#pragma once
#include <string>

namespace sluice::port::driver_log {

// Before EAL starts.
void capture();
void forget();
// The first line since then: what went wrong. Those after it say what followed from that.
std::string first_line();
// "no such device", or what the driver said if that is more; an errno, negative or not.
std::string explain(int error);

}  // namespace sluice::port::driver_log
