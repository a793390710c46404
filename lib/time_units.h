// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <cstdint>

namespace sluice {

inline constexpr uint64_t second_ns = 1'000'000'000;

}  // namespace sluice
