// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/handover/bell.h"

#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sluice::handover {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

void Bell::wait(uint64_t ns) noexcept {
    constexpr uint64_t second_ns = 1'000'000'000;
    const timespec length{static_cast<time_t>(ns / second_ns), static_cast<long>(ns % second_ns)};
    ::syscall(SYS_futex, &asleep_, FUTEX_WAIT_PRIVATE, 1, &length, nullptr, 0);
}

void Bell::wake() noexcept {
    if (asleep_.exchange(0, std::memory_order_relaxed) == 0) return;  // another has
    ::syscall(SYS_futex, &asleep_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace sluice::handover
