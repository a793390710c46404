// SPDX-License-Identifier: BSD-3-Clause
// The kernel's random bytes, the same in each run of a fuzz target: hash tables and drawn ports are
// then the same too, so that a seed leads to much the same inputs, and an input to the same crash.
#pragma once
#include <cstring>

#include <sys/random.h>

extern "C" ssize_t getrandom(void* buffer, size_t length, unsigned int) {
    std::memset(buffer, 0x5a, length);
    return static_cast<ssize_t>(length);
}
