// SPDX-License-Identifier: BSD-3-Clause
// Longest-prefix match over the shared table, for any number of threads at once and while the
// writer changes it. Addresses are in host byte order; the answer is a next-hop id of 0 to
// 32767, 0 for "no route". Reads stay inside of the table whatever it holds.
//
// A reader passes a quiescent state between two calls: it keeps nothing of the table.
#pragma once
#include <cstdint>

#include "lib/fib/table.h"

namespace sluice::fib {

inline NextHopId find_in_group(const Table& table, Entry entry, std::uint32_t address) noexcept {
    const std::size_t index = group_of(entry) * group_entries + (address & 0xff);
    return load_entry(table.tbl8[index], std::memory_order_relaxed) & max_next_hop;
}

inline NextHopId find(const Table& table, std::uint32_t address) noexcept {
    const Entry entry = load_entry(table.tbl24[address >> 8], std::memory_order_acquire);
    if (entry & extended_bit) [[unlikely]]
        return find_in_group(table, entry, address);
    return entry;
}

using FindBulk = void (*)(const Table&, const std::uint32_t* addresses, NextHopId* out,
                          unsigned n) noexcept;

// The ways to look up a burst. They give the same answers.
enum class Method : std::uint8_t { scalar, avx2, avx512 };
inline constexpr Method all_methods[] = {Method::scalar, Method::avx2, Method::avx512};

const char* name(Method) noexcept;
bool available(Method) noexcept;
// For tests and benchmarks, which compare them. The method must be available.
FindBulk find_bulk_by(Method) noexcept;

// The best method this processor has, picked once when the program starts.
Method best_method() noexcept;
extern const FindBulk find_bulk_chosen;

// Any n; the misses of up to 64 lookups overlap, so whole bursts are what it is made for.
inline void find_bulk(const Table& table, const std::uint32_t* addresses, NextHopId* out,
                      unsigned n) noexcept {
    find_bulk_chosen(table, addresses, out, n);
}

}  // namespace sluice::fib
