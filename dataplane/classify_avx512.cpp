// SPDX-License-Identifier: BSD-3-Clause
// classify() for sixteen packets at a time. Bytes 2 to 33 of each frame are eight words of four
// bytes; turning sixteen such rows into eight columns puts the same word of all sixteen packets
// into one register:
//
//   bytes     2-5         6-9     10-13         14-17            18-21    22-25          26-29
//   30-33 column    dst[2..5]   src     src, type     version, length  id, ...  ttl, checksum
//   source  destination
//
// From there on every check of the plain way is the same arithmetic on columns.
#if defined(__x86_64__)
#include <algorithm>

#include <immintrin.h>

#include "dataplane/classify.h"

#define SLUICE_AVX512 __attribute__((target("avx512f,avx512bw")))

namespace sluice::fast_path {
namespace {

constexpr unsigned group = 16;
constexpr unsigned row_at = 2;
static_assert(row_at + 32 == least);

// What is not in the 32 bytes of a row, packet by packet.
struct Scalars {
    alignas(64) std::array<uint8_t*, group> frame;  // or a frame of zeros for one that is short
    alignas(64) std::array<uint32_t, group> first_two;
    alignas(64) std::array<uint32_t, group> length;
    alignas(64) std::array<uint32_t, group> segments;
};

// All zero, so that it is no candidate. Never written.
alignas(64) constinit uint8_t no_frame[64] = {};

void gather_scalars(rte_mbuf* const* packets, Scalars& s) noexcept {
    for (unsigned i = 0; i < group; ++i) {
        const rte_mbuf& m = *packets[i];
        const bool is_there = m.data_len >= least;
        uint8_t* frame = is_there ? static_cast<uint8_t*>(m.buf_addr) + m.data_off : no_frame;
        s.frame[i] = frame;
        s.first_two[i] = load<uint16_t>(frame);
        s.length[i] = m.pkt_len;
        s.segments[i] = m.nb_segs;
    }
}

// Of a burst's end: a whole group, in which the first packet stands where there is none.
rte_mbuf* const* fill_up(rte_mbuf* const* packets, unsigned count,
                         std::array<rte_mbuf*, group>& whole) noexcept {
    whole.fill(packets[0]);
    std::copy_n(packets, count, whole.begin());
    return whole.data();
}

struct Words {
    __m512i column[8];
};

SLUICE_AVX512 __m512i two_rows(const uint8_t* low, const uint8_t* high) noexcept {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(low + row_at));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(high + row_at));
    return _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
}

// Registers that hold rows r and r + 4 give, lane by lane, four rows of two columns.
SLUICE_AVX512 void transpose_four(const Scalars& s, unsigned first, __m512i out[4]) noexcept {
    const __m512i r0 = two_rows(s.frame[first], s.frame[first + 4]);
    const __m512i r1 = two_rows(s.frame[first + 1], s.frame[first + 5]);
    const __m512i r2 = two_rows(s.frame[first + 2], s.frame[first + 6]);
    const __m512i r3 = two_rows(s.frame[first + 3], s.frame[first + 7]);
    const __m512i low01 = _mm512_unpacklo_epi32(r0, r1), high01 = _mm512_unpackhi_epi32(r0, r1);
    const __m512i low23 = _mm512_unpacklo_epi32(r2, r3), high23 = _mm512_unpackhi_epi32(r2, r3);
    out[0] = _mm512_unpacklo_epi64(low01, low23);    // columns 0 and 4
    out[1] = _mm512_unpackhi_epi64(low01, low23);    // columns 1 and 5
    out[2] = _mm512_unpacklo_epi64(high01, high23);  // columns 2 and 6
    out[3] = _mm512_unpackhi_epi64(high01, high23);  // columns 3 and 7
}

SLUICE_AVX512 Words transpose(const Scalars& s) noexcept {
    __m512i a[4], b[4];
    transpose_four(s, 0, a);
    transpose_four(s, 8, b);
    Words w;
    for (unsigned c = 0; c < 4; ++c) {
        w.column[c] = _mm512_shuffle_i32x4(a[c], b[c], 0x88);
        w.column[c + 4] = _mm512_shuffle_i32x4(a[c], b[c], 0xdd);
    }
    return w;
}

SLUICE_AVX512 __m512i all(uint32_t value) noexcept {
    return _mm512_set1_epi32(static_cast<int>(value));
}

SLUICE_AVX512 __m512i swap_words(__m512i words) noexcept {
    const __m512i order =
        _mm512_broadcast_i32x4(_mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
    return _mm512_shuffle_epi8(words, order);
}

// Bytes 2 and 3 of each word as a number.
SLUICE_AVX512 __m512i high_half(__m512i words) noexcept {
    const __m512i order = _mm512_broadcast_i32x4(
        _mm_setr_epi8(3, 2, -1, -1, 7, 6, -1, -1, 11, 10, -1, -1, 15, 14, -1, -1));
    return _mm512_shuffle_epi8(words, order);
}

// What an IP packet must at least have: its header; in a chain, all that came.
SLUICE_AVX512 __m512i shortest_for(const Scalars& s, __m512i room) noexcept {
    const __mmask16 chained = _mm512_cmpgt_epu32_mask(_mm512_load_si512(s.segments.data()), all(1));
    return _mm512_mask_mov_epi32(all(sizeof(net::Ipv4Header)), chained, room);
}

SLUICE_AVX512 __m512i fold_once(__m512i sum) noexcept {
    return _mm512_add_epi32(_mm512_and_si512(sum, all(0xffff)), _mm512_srli_epi32(sum, 16));
}

SLUICE_AVX512 __m512i header_sum(const Words& w) noexcept {
    __m512i low = _mm512_setzero_si512(), high = low;
    for (unsigned c = 3; c < 8; ++c) {
        low = _mm512_add_epi32(low, _mm512_and_si512(w.column[c], all(0xffff)));
        high = _mm512_add_epi32(high, _mm512_srli_epi32(w.column[c], 16));
    }
    return fold_once(fold_once(_mm512_add_epi32(low, high)));
}

SLUICE_AVX512 __mmask16 martians(__m512i source) noexcept {
    const __m512i network = _mm512_srli_epi32(source, 24);
    return static_cast<__mmask16>(_mm512_testn_epi32_mask(network, network) |
                                  _mm512_cmpeq_epi32_mask(network, all(127)) |
                                  _mm512_cmpge_epu32_mask(network, all(224)));
}

// Of those that the filter can not tell from our own.
SLUICE_AVX512 __mmask16 keep_own(const OwnAddresses& own, __mmask16 maybe,
                                 __m512i source) noexcept {
    alignas(64) std::array<uint32_t, group> address;
    _mm512_store_si512(address.data(), source);
    unsigned kept = 0;
    for (unsigned left = maybe; left != 0; left &= left - 1) {
        if (own.has(address[static_cast<unsigned>(__builtin_ctz(left))])) kept |= left & -left;
    }
    return static_cast<__mmask16>(kept);
}

SLUICE_AVX512 __mmask16 own_sources(const OwnAddresses& own, __m512i source) noexcept {
    const __m512i hash = _mm512_srli_epi32(
        _mm512_mullo_epi32(source, all(OwnAddresses::multiplier)), OwnAddresses::hash_shift);
    const __m512i words = _mm512_i32gather_epi32(_mm512_srli_epi32(hash, 5), own.filter(), 4);
    const __m512i bit = _mm512_sllv_epi32(all(1), _mm512_and_si512(hash, all(31)));
    const __mmask16 maybe = _mm512_test_epi32_mask(words, bit);
    return maybe == 0 ? maybe : keep_own(own, maybe, source);
}

SLUICE_AVX512 __m512i aged(__m512i ttl_word) noexcept {
    const __m512i sum = _mm512_add_epi32(_mm512_srli_epi32(ttl_word, 16), all(1));
    const __mmask16 carry = _mm512_cmpge_epu32_mask(sum, all(0xffff));
    const __m512i checksum = _mm512_mask_add_epi32(sum, carry, sum, all(1));
    const __m512i ttl = _mm512_and_si512(_mm512_sub_epi32(ttl_word, all(1)), all(0xffff));
    return _mm512_or_si512(ttl, _mm512_slli_epi32(checksum, 16));
}

template <typename T>
SLUICE_AVX512 void append_pointers(T** to, __mmask16 which, T* const* from) noexcept {
    const auto low = static_cast<__mmask8>(which), high = static_cast<__mmask8>(which >> 8);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(low, _mm512_loadu_si512(from)));
    _mm512_storeu_si512(to + __builtin_popcount(low),
                        _mm512_maskz_compress_epi64(high, _mm512_loadu_si512(from + 8)));
}

SLUICE_AVX512 void append_words(uint32_t* to, __mmask16 which, __m512i words) noexcept {
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(which, words));
}

}  // namespace

SLUICE_AVX512 unsigned classify_avx512(const Screen& screen, std::span<rte_mbuf* const> packets,
                                       Columns& col, uint64_t& bytes) noexcept {
    unsigned n = 0;
    for (unsigned first = 0; first < packets.size(); first += group) {
        const unsigned count =
            std::min<unsigned>(group, static_cast<unsigned>(packets.size()) - first);
        const auto present = static_cast<__mmask16>((1u << count) - 1);
        rte_mbuf* const* buffers = packets.data() + first;
        std::array<rte_mbuf*, group> filled_up;
        if (count < group) buffers = fill_up(buffers, count, filled_up);
        Scalars s;
        gather_scalars(buffers, s);
        const Words w = transpose(s);
        const __m512i length = _mm512_load_si512(s.length.data());
        bytes += static_cast<uint32_t>(_mm512_mask_reduce_add_epi32(present, length));

        const __m512i total = high_half(w.column[3]);
        const __m512i room = _mm512_sub_epi32(length, all(ethernet_header));
        const __m512i source = swap_words(w.column[6]);

        // As in the plain way: zero where all is well.
        __m512i fault =
            _mm512_xor_si512(w.column[0], all(static_cast<uint32_t>(screen.own_mac >> 16)));
        fault = _mm512_or_si512(fault, _mm512_xor_si512(_mm512_load_si512(s.first_two.data()),
                                                        all(screen.own_mac & 0xffff)));
        fault = _mm512_or_si512(fault, _mm512_and_si512(w.column[1], all(1)));
        fault = _mm512_or_si512(
            fault, _mm512_srli_epi32(_mm512_xor_si512(w.column[2], all(0x00080000)), 16));
        fault = _mm512_or_si512(
            fault, _mm512_and_si512(_mm512_xor_si512(w.column[3], all(0x45)), all(0xff)));
        fault = _mm512_or_si512(fault, _mm512_xor_si512(header_sum(w), all(0xffff)));
        const auto faulty = static_cast<__mmask16>(
            _mm512_test_epi32_mask(fault, fault) | _mm512_cmpgt_epi32_mask(total, room) |
            _mm512_cmplt_epi32_mask(total, shortest_for(s, room)) |
            _mm512_cmplt_epu32_mask(_mm512_and_si512(w.column[5], all(0xff)), all(2)) |
            martians(source) | own_sources(screen.own, source));
        const auto good = static_cast<__mmask16>(present & ~faulty);

        append_pointers(col.packet.data() + n, good, buffers);
        append_pointers(col.frame.data() + n, good, s.frame.data());
        append_words(col.destination.data() + n, good, swap_words(w.column[7]));
        append_words(col.total_length.data() + n, good, total);
        append_words(col.aged.data() + n, good, aged(w.column[5]));
        n += static_cast<unsigned>(__builtin_popcount(good));
    }
    return n;
}

}  // namespace sluice::fast_path
#endif
