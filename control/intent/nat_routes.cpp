// SPDX-License-Identifier: BSD-3-Clause
#include "control/intent/nat_routes.h"

#include <algorithm>
#include <bit>
#include <set>

namespace sluice::intent {
namespace {

// The fewest prefixes that make up the range: from its start the largest that fits, each time.
void add_prefixes(const config::AddressRange& range, std::set<net::Ipv4Prefix>& to) {
    uint64_t first = range.first.value;
    const uint64_t end = uint64_t{range.last.value} + 1;
    while (first < end) {
        const int aligned = first == 0 ? 32 : std::countr_zero(first);
        const int fitting = static_cast<int>(std::bit_width(end - first)) - 1;
        const int bits = std::min({aligned, fitting, 32});
        to.insert(
            net::Ipv4Prefix::of({static_cast<uint32_t>(first)}, static_cast<unsigned>(32 - bits)));
        first += uint64_t{1} << bits;
    }
}

}  // namespace

std::vector<net::Ipv4Prefix> translated_prefixes(const config::Config& config) {
    std::set<net::Ipv4Prefix> prefixes;
    for (const config::NatRule& rule : config.nat) {
        for (const config::AddressRange& range : rule.external) add_prefixes(range, prefixes);
        for (const config::AddressRange& range : rule.source) add_prefixes(range, prefixes);
    }
    return {prefixes.begin(), prefixes.end()};
}

}  // namespace sluice::intent
