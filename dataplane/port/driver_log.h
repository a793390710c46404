// SPDX-License-Identifier: BSD-3-Clause
// What DPDK and its drivers say, a line at a time: into our log, at a bounded rate, and the
// newest line at hand for whoever has to explain why a device failed. Thread-safe.
#pragma once
#include <string>

namespace sluice::port::driver_log {

// Before EAL starts.
void capture();
void forget();
std::string last_line();

}  // namespace sluice::port::driver_log
