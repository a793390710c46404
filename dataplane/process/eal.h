// SPDX-License-Identifier: BSD-3-Clause
// Starts DPDK's environment, fast: a router that was killed is back when its EAL is.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

namespace sluice {

struct EalWish {
    bool no_huge = false;
    uint32_t memory_mib = 0;  // 0: as much as is needed
    unsigned main_core = 0;
};

struct EalStarted {
    bool huge_pages;
};

// Pins the calling thread to its core. Probes no device. Throws std::runtime_error.
EalStarted start_eal(const EalWish& wish);

}  // namespace sluice
