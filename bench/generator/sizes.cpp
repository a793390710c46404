// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/sizes.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

namespace sluice::generator {
namespace {

constexpr uint32_t most_of_a_size = 1000;

struct Share {
    uint32_t size;
    uint32_t weight;
    double due;  // when it stands next, in a round of length 1
};

uint32_t parse_count(std::string_view text, uint32_t least, uint32_t most, const char* what) {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
        throw std::invalid_argument(
            fmt::format("\"{}\" is no {}: {} to {}", text, what, least, most));
    }
    return value;
}

Share parse_share(std::string_view text) {
    const size_t colon = text.find(':');
    const uint32_t size = parse_count(text.substr(0, colon), least_size, most_size, "frame size");
    const uint32_t weight =
        colon == std::string_view::npos
            ? 1
            : parse_count(text.substr(colon + 1), 1, most_of_a_size, "weight of a size");
    return {size, weight, 0.5 / weight};
}

std::vector<Share> parse_shares(std::string_view text) {
    std::vector<Share> shares;
    for (;;) {
        const size_t comma = text.find(',');
        shares.push_back(parse_share(text.substr(0, comma)));
        if (comma == std::string_view::npos) return shares;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace

Sizes parse_sizes(std::string_view text) {
    std::vector<Share> shares = parse_shares(text == "imix" ? imix : text);
    const uint32_t common =
        std::accumulate(shares.begin(), shares.end(), uint32_t{0},
                        [](uint32_t n, const Share& s) { return std::gcd(n, s.weight); });
    uint32_t round = 0;
    for (const Share& s : shares) round += s.weight / common;
    Sizes sizes;
    while (sizes.size() < round) {
        Share& next = *std::ranges::min_element(shares, {}, &Share::due);
        sizes.push_back(next.size);
        next.due += 1.0 / next.weight;
    }
    return sizes;
}

double mean_size(const Sizes& sizes) noexcept {
    return std::accumulate(sizes.begin(), sizes.end(), 0.0) / static_cast<double>(sizes.size());
}

}  // namespace sluice::generator
