// SPDX-License-Identifier: BSD-3-Clause
// find_bulk with 16 lookups to a gather.
//
// A gather loads 32 bits where an entry has 16. Gathering the aligned pair an entry is in, and
// shifting, keeps each load whole (a load that crosses a line is not), within one cache line,
// and inside of the table without padding behind it.
#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12's own header passes on a vector it leaves undefined on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <bit>

#include <immintrin.h>

#include "lib/fib/reader_vector.h"

#define SLUICE_AVX512 __attribute__((target("avx512f"), always_inline)) inline

namespace sluice::fib {
namespace {

constexpr unsigned wide_prefix = 16;
constexpr unsigned burst_length = 64;

// A variant for addresses in network order would swap bytes here, and only here.
SLUICE_AVX512 __m512i load_addresses(const std::uint32_t* addresses, __mmask16 lanes) {
    return _mm512_maskz_loadu_epi32(lanes, addresses);
}

SLUICE_AVX512 __m512i gather_entries(const Entry* base, __m512i index, __mmask16 lanes) {
    const __m512i pair = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes,
                                                     _mm512_srli_epi32(index, 1), base, 4);
    const __m512i shift = _mm512_and_si512(_mm512_slli_epi32(index, 4), _mm512_set1_epi32(16));
    return _mm512_srlv_epi32(pair, shift);  // the neighbour, if any, is in the high half
}

SLUICE_AVX512 __m512i gather_extended(const Table& table, __m512i entries, __m512i addresses,
                                      __mmask16 lanes) {
    const __m512i group = _mm512_and_si512(entries, _mm512_set1_epi32(group_count - 1));
    const __m512i last = _mm512_and_si512(addresses, _mm512_set1_epi32(0xff));
    const __m512i found =
        gather_entries(table.tbl8, _mm512_or_si512(_mm512_slli_epi32(group, 8), last), lanes);
    return _mm512_mask_mov_epi32(entries, lanes, found);
}

SLUICE_AVX512 void store_answers(NextHopId* out, __m512i entries, __mmask16 lanes) {
    _mm512_mask_cvtepi32_storeu_epi16(out, lanes,
                                      _mm512_and_si512(entries, _mm512_set1_epi32(max_next_hop)));
}

// A core has some 16 buffers for lines on their way (Golden Cove). Misses beyond those are
// tried again and again, which costs more than it overlaps: with every lookup a miss, 12 cycles
// each with four gathers at once and 9 with two. So a gather waits for the last but one.
constexpr unsigned gathers_at_once = 2;

SLUICE_AVX512 __m512i wait_for(__m512i earlier, __m512i value) {
    __m512i zero = _mm512_setzero_si512();
    asm("" : "+v"(zero));  // else the compiler sees that nothing is waited for
    return _mm512_or_si512(value, _mm512_and_si512(earlier, zero));
}

// Up to so many extended entries in a burst are looked up one by one.
constexpr int few_extended = 8;

template <unsigned vectors>
SLUICE_AVX512 void find_vectors(const Table& table, const std::uint32_t* addresses, NextHopId* out,
                                __mmask16 last_lanes) {
    const auto lanes = [&](unsigned i) { return i + 1 < vectors ? __mmask16{0xffff} : last_lanes; };
    __m512i address[vectors];
    __m512i entry[vectors];
    __mmask16 extended[vectors];
    std::uint64_t all_extended = 0;
    for (unsigned i = 0; i < vectors; ++i) {
        address[i] = load_addresses(addresses + i * wide_prefix, lanes(i));
        __m512i slot = _mm512_srli_epi32(address[i], 8);
        if (i >= gathers_at_once) slot = wait_for(entry[i - gathers_at_once], slot);
        entry[i] = gather_entries(table.tbl24, slot, lanes(i));
        extended[i] =
            _mm512_mask_test_epi32_mask(lanes(i), entry[i], _mm512_set1_epi32(extended_bit));
        all_extended |= std::uint64_t{extended[i]} << (i * wide_prefix);
    }
    if (std::popcount(all_extended) > few_extended) {
        for (unsigned i = 0; i < vectors; ++i)
            entry[i] = gather_extended(table, entry[i], address[i], extended[i]);
        all_extended = 0;
    }
    for (unsigned i = 0; i < vectors; ++i) store_answers(out + i * wide_prefix, entry[i], lanes(i));
    for (; all_extended != 0; all_extended &= all_extended - 1) {
        const int i = std::countr_zero(all_extended);
        out[i] = find_in_group(table, out[i], addresses[i]);
    }
}

}  // namespace

__attribute__((target("avx512f"))) void find_bulk_avx512(const Table& table,
                                                         const std::uint32_t* addresses,
                                                         NextHopId* out, unsigned n) noexcept {
    for (; n >= burst_length; n -= burst_length, addresses += burst_length, out += burst_length)
        find_vectors<burst_length / wide_prefix>(table, addresses, out, 0xffff);
    for (; n >= 2 * wide_prefix;
         n -= 2 * wide_prefix, addresses += 2 * wide_prefix, out += 2 * wide_prefix)
        find_vectors<2>(table, addresses, out, 0xffff);
    if (n == 0) return;
    const auto last_lanes = [](unsigned left) { return static_cast<__mmask16>((1u << left) - 1); };
    if (n > wide_prefix) {
        find_vectors<2>(table, addresses, out, last_lanes(n - wide_prefix));
    } else {
        find_vectors<1>(table, addresses, out, last_lanes(n));
    }
}

}  // namespace sluice::fib
#endif
