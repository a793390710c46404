// SPDX-License-Identifier: BSD-3-Clause
// Tells EAL the frequency of the time-stamp counter. Where the processor does not say it, as on
// most virtual machines, EAL sleeps for a tenth of a second to measure it, which is nearly all of
// its start. The kernel has measured it already and shares it with who asks perf for a page of
// time conversions; the linker puts this function in place of EAL's (--wrap=get_tsc_freq).
#include <cstdint>

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" uint64_t __real_get_tsc_freq(uint64_t of_processor);
extern "C" uint64_t __wrap_get_tsc_freq(uint64_t of_processor);

namespace {

// ns = cycles * mult >> shift, so that a second's cycles are (10^9 << shift) / mult.
uint64_t frequency_in(const perf_event_mmap_page& page) noexcept {
    if (page.cap_user_time == 0 || page.time_mult == 0) return 0;
    const auto shifted = static_cast<unsigned __int128>(1'000'000'000) << page.time_shift;
    return static_cast<uint64_t>(shifted / page.time_mult);
}

uint64_t frequency_of_kernel() noexcept {
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_SW_DUMMY;
    attributes.exclude_kernel = 1;
    const auto fd = static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
    if (fd < 0) return 0;
    const auto size = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    void* page = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    uint64_t frequency = 0;
    if (page != MAP_FAILED) {
        frequency = frequency_in(*static_cast<perf_event_mmap_page*>(page));
        ::munmap(page, size);
    }
    ::close(fd);
    return frequency;
}

}  // namespace

extern "C" uint64_t __wrap_get_tsc_freq(uint64_t of_processor) {
    const uint64_t frequency = frequency_of_kernel();
    return frequency != 0 ? frequency : __real_get_tsc_freq(of_processor);
}
