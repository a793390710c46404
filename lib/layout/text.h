// SPDX-License-Identifier: BSD-3-Clause
// Text in a field of fixed size, as both memories have it: cut where it is too long, zeros behind.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace sluice::layout {

template <size_t N>
void copy_text(char (&to)[N], std::string_view from) noexcept {
    const size_t n = std::min(from.size(), N - 1);
    std::memcpy(to, from.data(), n);
    std::memset(to + n, 0, N - n);
}

}  // namespace sluice::layout
