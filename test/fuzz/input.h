// SPDX-License-Identifier: BSD-3-Clause
// What fuzz targets share: their input, taken piece by piece, and what must be true.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "test/support/frame.h"

namespace sluice::test {

inline void promise(bool kept, const char* what) {
    if (kept) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

class Input {
  public:
    Input(const uint8_t* data, size_t size) noexcept : data_(data), size_(size) {}
    bool empty() const noexcept { return size_ == 0; }
    uint8_t byte() noexcept {
        if (size_ == 0) return 0;
        --size_;
        return *data_++;
    }
    uint16_t word() noexcept {
        const uint8_t high = byte();
        return static_cast<uint16_t>(high << 8 | byte());
    }
    Bytes bytes(size_t count) {
        count = std::min(count, size_);
        Bytes result(data_, data_ + count);
        data_ += count;
        size_ -= count;
        return result;
    }
    template <typename T>
    auto one_of(const T& choices) noexcept {
        return choices[byte() % choices.size()];
    }

  private:
    const uint8_t* data_;
    size_t size_;
};

}  // namespace sluice::test
