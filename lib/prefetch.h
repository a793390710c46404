// SPDX-License-Identifier: BSD-3-Clause
// Asks for a cache line that is needed soon.
//
// GCC takes a function that does nothing else for one without effect, and drops the calls of it
// (ipa-pure-const, seen with g++ 12). The empty asm keeps them, and costs nothing.
#pragma once

namespace sluice {

inline void prefetch(const void* at) noexcept {
    __builtin_prefetch(at);
    asm volatile("");
}

}  // namespace sluice
