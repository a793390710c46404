// SPDX-License-Identifier: BSD-3-Clause
// The particulars of Amazon's ENA.
#pragma once
#include <string>

#include "lib/layout/state.h"

namespace sluice::port::ena {

// The device arguments with the LLQ policy spelled out, unless they have one already or the
// device is no ENA: without LLQ the device is slow, and says so nowhere.
std::string complete(const std::string& arguments);
// The same for a device known to be an ENA.
std::string with_llq(const std::string& arguments);

// Reads the instance's allowance counters; other devices have none.
void read_allowances(uint16_t port, layout::DeviceCounters& counters);

}  // namespace sluice::port::ena
