// SPDX-License-Identifier: BSD-3-Clause
// The sizes of the frames that are sent, with their frame check sequence, as RFC 2544 counts them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::generator {

inline constexpr uint32_t least_size = 64;
inline constexpr uint32_t most_size = 9018;
inline constexpr std::string_view imix = "64:7,594:4,1518:1";

// One round of sizes, each as often as its weight and spread over the round.
using Sizes = std::vector<uint32_t>;

// "64", "imix", "64:7,594:4,1518:1". Throws std::invalid_argument, saying what is wrong.
Sizes parse_sizes(std::string_view text);
double mean_size(const Sizes& sizes) noexcept;

}  // namespace sluice::generator
