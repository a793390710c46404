// SPDX-License-Identifier: BSD-3-Clause
// What the command line hands over as text and is not yet what Options want.
#pragma once
#include <string>

#include "bench/generator/options.h"

namespace sluice::generator {

struct Texts {
    struct Side {
        std::string address, gateway, gateway_mac, hosts;
    };
    Side left, right;
    std::string workload = "routes", direction = "right", draw = "in-route", sizes = "64", prefixes;
    std::string tunnel_own, tunnel_router, tunnel_hosts, nat_hosts;
    bool has_key = false;
    uint32_t key = 0;
};

Mode mode_of(const std::string& name);
// Makes of it what belongs to it. Throws std::invalid_argument and std::runtime_error.
void complete(Options& options, const Texts& texts);

}  // namespace sluice::generator
