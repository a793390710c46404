// SPDX-License-Identifier: BSD-3-Clause
#include "test/lib/fib/full_table.h"

#include <cstdio>
#include <memory>
#include <stdexcept>

#include <zlib.h>

namespace sluice::fib {
namespace {

Route parse_route(const char* line, unsigned next_hops) {
    unsigned a, b, c, d, length, asn;
    if (std::sscanf(line, "%u.%u.%u.%u/%u %u", &a, &b, &c, &d, &length, &asn) != 6 ||
        (a | b | c | d) > 255 || length > 32)
        throw std::runtime_error("want: a.b.c.d/length asn");
    const auto next_hop = static_cast<NextHopId>(1 + asn % next_hops);
    return {net::Ipv4Prefix::of({a << 24 | b << 16 | c << 8 | d}, length), next_hop};
}

}  // namespace

std::vector<Route> read_full_table(const std::string& path, unsigned next_hops) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
    if (!file) throw std::runtime_error(path + ": cannot open");

    std::vector<Route> routes;
    std::size_t lines = 0;
    char line[64];
    while (gzgets(file.get(), line, sizeof line) != nullptr) {
        try {
            ++lines;
            const Route route = parse_route(line, next_hops);
            if (!routes.empty() && routes.back().prefix == route.prefix) routes.pop_back();
            routes.push_back(route);
        } catch (const std::exception& problem) {
            throw std::runtime_error(path + ":" + std::to_string(lines) + ": " + problem.what());
        }
    }
    return routes;
}

}  // namespace sluice::fib
