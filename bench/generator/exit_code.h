// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace sluice::generator {

inline constexpr int exit_well = 0;
inline constexpr int exit_failed = 1;  // a device, an address, the memory
inline constexpr int exit_misuse = 2;
inline constexpr int exit_faults = 3;  // packets were lost beyond what is allowed, or wrong

}  // namespace sluice::generator
