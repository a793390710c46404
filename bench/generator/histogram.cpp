// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/histogram.h"

#include <cmath>

namespace sluice::generator {

void Histogram::add(const Histogram& other) noexcept {
    for (size_t b = 0; b < buckets_.size(); ++b) buckets_[b] += other.buckets_[b];
    count_ += other.count_;
    sum_ += other.sum_;
    least_ = std::min(least_, other.least_);
    most_ = std::max(most_, other.most_);
}

double Histogram::mean() const noexcept {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

uint64_t Histogram::at(double share) const noexcept {
    const auto wanted = std::max<uint64_t>(
        1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_))));
    uint64_t counted = 0;
    for (size_t b = 0; b < buckets_.size(); ++b) {
        counted += buckets_[b];
        if (counted >= wanted) return std::min(largest_in(b), most_);
    }
    return most_;
}

uint64_t Histogram::largest_in(size_t bucket) noexcept {
    constexpr uint64_t half = uint64_t{1} << exact_bits;
    if (bucket < 2 * half) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket >> exact_bits) - 1;
    const uint64_t top = half + bucket % half;
    return ((top + 1) << shift) - 1;
}

}  // namespace sluice::generator
