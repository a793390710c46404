// SPDX-License-Identifier: BSD-3-Clause
// Tells EAL the frequency of the time-stamp counter. Where the processor does not say it, as on
// most virtual machines, EAL sleeps for a tenth of a second to measure it, which is nearly all of
// its start. A twentieth of that will do if the two clocks are read close enough together: what
// it costs is known, and is 10 millionths at worst. The linker puts this function in place of
// EAL's (--wrap=get_tsc_freq).
#include <cstdint>

#include <time.h>

#include "lib/tsc.h"

extern "C" uint64_t __wrap_get_tsc_freq(uint64_t of_processor);

namespace {

constexpr uint64_t window_ns = 5'000'000;
constexpr uint64_t step_hz = 100'000;  // 40 millionths: finer than this it can not be measured

struct Moment {
    uint64_t tsc;
    uint64_t ns;
};

uint64_t raw_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// Both clocks at once: the closest of some tries, since the kernel may step in between.
Moment now() noexcept {
    Moment best{};
    uint64_t closest = ~uint64_t{0};
    for (int i = 0; i < 16; ++i) {
        const uint64_t before = sluice::read_tsc();
        const uint64_t ns = raw_ns();
        const uint64_t width = sluice::read_tsc() - before;
        if (width >= closest) continue;
        closest = width;
        best = {before + width / 2, ns};
    }
    return best;
}

}  // namespace

extern "C" uint64_t __wrap_get_tsc_freq(uint64_t) {
    const Moment begin = now();
    const timespec window{0, window_ns};
    ::nanosleep(&window, nullptr);
    const Moment end = now();
    const auto cycles = static_cast<unsigned __int128>(end.tsc - begin.tsc) * 1'000'000'000;
    const auto hz = static_cast<uint64_t>(cycles / (end.ns - begin.ns));
    return (hz + step_hz / 2) / step_hz * step_hz;
}
