// SPDX-License-Identifier: BSD-3-Clause
#include "lib/fib/reader.h"

#include <algorithm>

#include "lib/fib/reader_vector.h"

namespace sluice::fib {
namespace {

// Two passes: the loads of the first do not depend on each other, so their misses overlap
// and no mispredicted branch between them throws the later ones away.
void find_up_to_64(const Table& table, const std::uint32_t* addresses, NextHopId* out,
                   unsigned n) noexcept {
    std::uint64_t extended = 0;
    for (unsigned i = 0; i < n; ++i) {
        const Entry entry = load_entry(table.tbl24[addresses[i] >> 8], std::memory_order_acquire);
        out[i] = entry;
        extended |= static_cast<std::uint64_t>(entry >> 15) << i;
    }
    for (; extended != 0; extended &= extended - 1) {
        const int i = __builtin_ctzll(extended);
        out[i] = find_in_group(table, out[i], addresses[i]);
    }
}

}  // namespace

void find_bulk_scalar(const Table& table, const std::uint32_t* addresses, NextHopId* out,
                      unsigned n) noexcept {
    for (unsigned done = 0; done < n; done += 64)
        find_up_to_64(table, addresses + done, out + done, std::min(n - done, 64u));
}

const char* name(Method method) noexcept {
    switch (method) {
        case Method::scalar: return "scalar";
        case Method::avx2: return "avx2";
        case Method::avx512: return "avx512";
    }
    return "unknown";
}

#if defined(__x86_64__)

bool available(Method method) noexcept {
    __builtin_cpu_init();
    switch (method) {
        case Method::scalar: return true;
        case Method::avx2: return __builtin_cpu_supports("avx2");
        case Method::avx512: return __builtin_cpu_supports("avx512f");
    }
    return false;
}

FindBulk find_bulk_by(Method method) noexcept {
    switch (method) {
        case Method::scalar: return find_bulk_scalar;
        case Method::avx2: return find_bulk_avx2;
        case Method::avx512: return find_bulk_avx512;
    }
    return find_bulk_scalar;
}

#else

bool available(Method method) noexcept { return method == Method::scalar; }
FindBulk find_bulk_by(Method) noexcept { return find_bulk_scalar; }

#endif

Method best_method() noexcept {
    for (const Method method : {Method::avx512, Method::avx2})
        if (available(method)) return method;
    return Method::scalar;
}

const FindBulk find_bulk_chosen = find_bulk_by(best_method());

}  // namespace sluice::fib
