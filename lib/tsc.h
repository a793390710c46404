// SPDX-License-Identifier: BSD-3-Clause
// The processor's time-stamp counter: constant rate, a few cycles to read, not serializing.
#pragma once
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace sluice {

inline uint64_t read_tsc() noexcept {
#if defined(__x86_64__)
    return __rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
#error "a time-stamp counter is needed"
#endif
}

}  // namespace sluice
