// SPDX-License-Identifier: BSD-3-Clause
// find_bulk with 8 lookups to a gather. Why pairs are gathered: see reader_avx512.cpp.
#if defined(__x86_64__)
#include <immintrin.h>

#include "lib/fib/reader_vector.h"

#define SLUICE_AVX2 __attribute__((target("avx2"), always_inline)) inline

namespace sluice::fib {
namespace {

constexpr unsigned wide_prefix = 8;

// A variant for addresses in network order would swap bytes here, and only here.
SLUICE_AVX2 __m256i load_addresses(const std::uint32_t* addresses) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(addresses));
}

SLUICE_AVX2 __m256i select_entry(__m256i pair, __m256i index) {
    const __m256i shift = _mm256_and_si256(_mm256_slli_epi32(index, 4), _mm256_set1_epi32(16));
    return _mm256_and_si256(_mm256_srlv_epi32(pair, shift), _mm256_set1_epi32(0xffff));
}

SLUICE_AVX2 __m256i gather_slots(const Table& table, __m256i addresses) {
    const __m256i index = _mm256_srli_epi32(addresses, 8);
    const int* base = reinterpret_cast<const int*>(table.tbl24);
    return select_entry(_mm256_i32gather_epi32(base, _mm256_srli_epi32(index, 1), 4), index);
}

// The sign bit of each 32-bit lane says whether its entry leads to a group.
SLUICE_AVX2 __m256i extended_lanes(__m256i entries) { return _mm256_slli_epi32(entries, 16); }

SLUICE_AVX2 __m256i gather_extended(const Table& table, __m256i entries, __m256i addresses) {
    const __m256i group = _mm256_and_si256(entries, _mm256_set1_epi32(group_count - 1));
    const __m256i last = _mm256_and_si256(addresses, _mm256_set1_epi32(0xff));
    const __m256i index = _mm256_or_si256(_mm256_slli_epi32(group, 8), last);
    const __m256i lanes = _mm256_srai_epi32(extended_lanes(entries), 31);
    const int* base = reinterpret_cast<const int*>(table.tbl8);
    const __m256i pair = _mm256_mask_i32gather_epi32(_mm256_setzero_si256(), base,
                                                     _mm256_srli_epi32(index, 1), lanes, 4);
    return _mm256_blendv_epi8(entries, select_entry(pair, index), lanes);
}

SLUICE_AVX2 void store_answers(NextHopId* out, __m256i low, __m256i high) {
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xd8);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                        _mm256_and_si256(packed, _mm256_set1_epi16(max_next_hop)));
}

// All gathers from tbl24 are issued before the first answer is looked at.
template <unsigned vectors>
SLUICE_AVX2 void find_vectors(const Table& table, const std::uint32_t* addresses, NextHopId* out) {
    __m256i address[vectors];
    __m256i entry[vectors];
    for (unsigned i = 0; i < vectors; ++i) {
        address[i] = load_addresses(addresses + i * wide_prefix);
        entry[i] = gather_slots(table, address[i]);
    }
    __m256i any = _mm256_setzero_si256();
    for (unsigned i = 0; i < vectors; ++i) any = _mm256_or_si256(any, entry[i]);
    if (_mm256_movemask_ps(_mm256_castsi256_ps(extended_lanes(any))) != 0) {
        for (unsigned i = 0; i < vectors; ++i)
            entry[i] = gather_extended(table, entry[i], address[i]);
    }
    for (unsigned i = 0; i < vectors; i += 2)
        store_answers(out + i * wide_prefix, entry[i], entry[i + 1]);
}

}  // namespace

__attribute__((target("avx2"))) void find_bulk_avx2(const Table& table,
                                                    const std::uint32_t* addresses, NextHopId* out,
                                                    unsigned n) noexcept {
    for (; n >= 4 * wide_prefix;
         n -= 4 * wide_prefix, addresses += 4 * wide_prefix, out += 4 * wide_prefix)
        find_vectors<4>(table, addresses, out);
    for (; n >= 2 * wide_prefix;
         n -= 2 * wide_prefix, addresses += 2 * wide_prefix, out += 2 * wide_prefix)
        find_vectors<2>(table, addresses, out);
    find_bulk_scalar(table, addresses, out, n);
}

}  // namespace sluice::fib
#endif
