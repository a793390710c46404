// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/prefixes.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>

#include <fmt/format.h>
#include <zlib.h>

namespace sluice::generator {
namespace {

using Random = std::mt19937_64;
using Drawing = std::function<net::Ipv4Address(Random&)>;

net::Ipv4Address any_in(net::Ipv4Prefix prefix, Random& random) {
    return {prefix.address.value | (static_cast<uint32_t>(random()) & ~prefix.mask())};
}

// Prefixes inside others would make their addresses likelier: so ranges, each address in one.
struct Range {
    uint64_t before;  // addresses in the ranges before this one
    uint32_t first;
};

std::vector<Range> disjoint_ranges(Prefixes prefixes, uint64_t& addresses) {
    std::ranges::sort(prefixes);
    std::vector<Range> ranges;
    uint64_t next = 0;  // the first address that no range has yet
    addresses = 0;
    for (const net::Ipv4Prefix p : prefixes) {
        if (p.address.value < next) continue;  // prefixes nest or are apart
        ranges.push_back({addresses, p.address.value});
        next = uint64_t{p.last().value} + 1;
        addresses += next - p.address.value;
    }
    return ranges;
}

Drawing uniformly(const Prefixes& prefixes) {
    uint64_t addresses = 0;
    return [ranges = disjoint_ranges(prefixes, addresses), addresses](Random& random) {
        const uint64_t n = random() % addresses;
        const auto range = std::ranges::upper_bound(ranges, n, {}, &Range::before) - 1;
        return net::Ipv4Address{static_cast<uint32_t>(range->first + (n - range->before))};
    };
}

Drawing by_rank(Prefixes ranked, uint64_t seed) {
    std::ranges::shuffle(ranked, Random(seed));
    std::vector<double> up_to_rank;
    double sum = 0;
    for (size_t rank = 1; rank <= ranked.size(); ++rank) {
        up_to_rank.push_back(sum += 1.0 / static_cast<double>(rank));
    }
    return [ranked = std::move(ranked), up_to_rank = std::move(up_to_rank), sum](Random& random) {
        const double x = std::uniform_real_distribution<double>(0, sum)(random);
        const auto rank = std::ranges::upper_bound(up_to_rank, x) - up_to_rank.begin();
        const size_t last = ranked.size() - 1;
        return any_in(ranked[std::min(static_cast<size_t>(rank), last)], random);
    };
}

Drawing drawing(const Prefixes& prefixes, Draw how, uint64_t seed) {
    switch (how) {
        case Draw::uniform: return uniformly(prefixes);
        case Draw::zipf: return by_rank(prefixes, seed);
        case Draw::in_route: break;
    }
    return [&prefixes](Random& random) {
        return any_in(prefixes[random() % prefixes.size()], random);
    };
}

std::string_view first_word(std::string_view line) {
    constexpr std::string_view blanks = " \t\r\n";
    const size_t begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos || line[begin] == '#') return {};
    line.remove_prefix(begin);
    return line.substr(0, line.find_first_of(blanks));
}

}  // namespace

Prefixes read_prefixes(const std::string& file) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> lines(gzopen(file.c_str(), "rb"), gzclose);
    if (!lines) throw std::runtime_error(file + ": cannot be opened");
    Prefixes prefixes;
    char line[256];
    for (size_t n = 1; gzgets(lines.get(), line, sizeof line) != nullptr; ++n) {
        const std::string_view word = first_word(line);
        if (word.empty()) continue;
        const auto prefix = net::parse_prefix(word);
        if (!prefix) {
            throw std::runtime_error(
                fmt::format("{}:{}: \"{}\" is no prefix, such as 10.0.0.0/8", file, n, word));
        }
        prefixes.push_back(*prefix);
    }
    if (prefixes.empty()) throw std::runtime_error(file + ": there is no prefix in it");
    return prefixes;
}

std::vector<net::Ipv4Address> draw_addresses(const Prefixes& prefixes, Draw how, size_t count,
                                             uint64_t seed) {
    Random random(seed);
    const Drawing draw = drawing(prefixes, how, seed);
    std::vector<net::Ipv4Address> addresses(count);
    std::ranges::generate(addresses, [&] { return draw(random); });
    return addresses;
}

}  // namespace sluice::generator
