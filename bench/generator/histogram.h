// SPDX-License-Identifier: BSD-3-Clause
// Counts values so that any percentile can be told within one part in 64, from one to 2^63, in
// one addition each: the layout of HdrHistogram, whose C library Debian 12 does not have.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace sluice::generator {

class Histogram {
  public:
    void add(uint64_t value) noexcept {
        ++buckets_[bucket_of(value)];
        ++count_;
        sum_ += value;
        least_ = std::min(least_, value);
        most_ = std::max(most_, value);
    }
    void add(const Histogram& other) noexcept;
    void clear() noexcept { *this = Histogram(); }

    uint64_t count() const noexcept { return count_; }
    // Of no value, these are 0.
    uint64_t least() const noexcept { return count_ == 0 ? 0 : least_; }
    uint64_t most() const noexcept { return most_; }
    double mean() const noexcept;
    // The least value that this share (0 to 1) of all values does not exceed, rounded up by a 64th.
    uint64_t at(double share) const noexcept;

  private:
    static constexpr unsigned exact_bits = 6;  // values below 2^7 are exact
    static constexpr size_t bucket_of(uint64_t value) noexcept {
        const int shift =
            std::max(0, static_cast<int>(std::bit_width(value)) - 1 - static_cast<int>(exact_bits));
        return (static_cast<size_t>(shift) << exact_bits) + (value >> shift);
    }
    static uint64_t largest_in(size_t bucket) noexcept;

    std::vector<uint64_t> buckets_ = std::vector<uint64_t>(bucket_of(~uint64_t{0}) + 1);
    uint64_t count_ = 0;
    uint64_t sum_ = 0;
    uint64_t least_ = ~uint64_t{0};
    uint64_t most_ = 0;
};

}  // namespace sluice::generator
