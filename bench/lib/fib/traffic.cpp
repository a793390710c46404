// SPDX-License-Identifier: BSD-3-Clause
#include "bench/lib/fib/traffic.h"

#include <algorithm>
#include <random>

namespace sluice::fib {
namespace {

using Random = std::mt19937_64;

std::uint32_t any_address(net::Ipv4Prefix prefix, Random& random) {
    return prefix.address.value | (static_cast<std::uint32_t>(random()) & ~prefix.mask());
}

template <class Draw>
Traffic draw_all(const char* name, Draw&& draw) {
    Traffic traffic{name, std::vector<std::uint32_t>(destination_count)};
    std::ranges::generate(traffic.destinations, draw);
    return traffic;
}

Traffic draw_uniform_prefixes(std::span<const Route> routes, Random& random) {
    return draw_all("uniform_prefixes",
                    [&] { return any_address(routes[random() % routes.size()].prefix, random); });
}

Traffic draw_uniform_addresses(std::span<const Route> routes, Random& random) {
    Rib rib;
    for (const Route& route : routes) rib.set(route.prefix, route.next_hop);
    return draw_all("uniform_addresses", [&] {
        for (;;) {
            const auto address = static_cast<std::uint32_t>(random());
            if (rib.longest_match({address})) return address;
        }
    });
}

Traffic draw_zipf(std::span<const Route> routes, Random& random) {
    std::vector<Route> ranked(routes.begin(), routes.end());
    std::ranges::shuffle(ranked, random);
    std::vector<double> up_to_rank;
    double sum = 0;
    for (std::size_t rank = 1; rank <= ranked.size(); ++rank)
        up_to_rank.push_back(sum += 1.0 / static_cast<double>(rank));
    std::uniform_real_distribution<double> anywhere(0, sum);
    return draw_all("zipf", [&] {
        const auto rank =
            std::ranges::upper_bound(up_to_rank, anywhere(random)) - up_to_rank.begin();
        return any_address(ranked[static_cast<std::size_t>(rank)].prefix, random);
    });
}

}  // namespace

std::vector<Traffic> draw_traffic(std::span<const Route> routes) {
    Random random(3);
    return {draw_uniform_prefixes(routes, random), draw_uniform_addresses(routes, random),
            draw_zipf(routes, random)};
}

}  // namespace sluice::fib
