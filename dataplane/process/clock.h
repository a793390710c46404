// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <cstdint>

#include <time.h>

namespace sluice {

// CLOCK_MONOTONIC, which all times in the state memory are of.
inline uint64_t monotonic_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace sluice
