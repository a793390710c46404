// SPDX-License-Identifier: BSD-3-Clause
// The memory node that a core or a device is near to, as the kernel tells it. -1: not known, as of
// a virtual device, or on a machine that has but one.
#pragma once
#include <string>

namespace sluice {

int node_of_core(unsigned core);
// `arguments`: a PCI address or a virtual device's name, with arguments.
int node_of_device(const std::string& arguments);

}  // namespace sluice
