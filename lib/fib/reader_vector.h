// SPDX-License-Identifier: BSD-3-Clause
// The vector twins of find_bulk, private to the reader; only to be called where
// available() says so.
#pragma once
#include "lib/fib/reader.h"

namespace sluice::fib {

void find_bulk_scalar(const Table&, const std::uint32_t*, NextHopId*, unsigned) noexcept;
#if defined(__x86_64__)
void find_bulk_avx2(const Table&, const std::uint32_t*, NextHopId*, unsigned) noexcept;
void find_bulk_avx512(const Table&, const std::uint32_t*, NextHopId*, unsigned) noexcept;
#endif

}  // namespace sluice::fib
