// SPDX-License-Identifier: BSD-3-Clause
// Where destinations are, and how they are drawn.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lib/net/address.h"

namespace sluice::generator {

using Prefixes = std::vector<net::Ipv4Prefix>;

// The first word of each line is a prefix; empty lines and those that begin with # are passed
// over; the file may be of gzip. Throws std::runtime_error with the file and the line.
Prefixes read_prefixes(const std::string& file);

enum class Draw {
    uniform,   // every address that has a route as likely as every other
    in_route,  // every prefix as likely as every other, any address in it
    zipf,      // the n-th of the prefixes, in some order, has 1/n of the first one's traffic
};

// The same for the same seed. There must be a prefix.
std::vector<net::Ipv4Address> draw_addresses(const Prefixes& prefixes, Draw how, size_t count,
                                             uint64_t seed);

}  // namespace sluice::generator
