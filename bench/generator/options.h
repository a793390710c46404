// SPDX-License-Identifier: BSD-3-Clause
// What the command line asks for.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/generator/flow.h"
#include "bench/generator/prefixes.h"
#include "bench/generator/sizes.h"
#include "lib/net/address.h"

namespace sluice::generator {

enum class Mode { rate, ndr, pdr, back_to_back, soak };
enum class Workload { routes, nat, gre, ipip, mixed };

struct SideOptions {
    std::string device;
    net::InterfaceAddress address;
    net::Ipv4Address gateway;
    std::optional<net::MacAddress> gateway_mac;
    net::Ipv4Prefix hosts;
};

struct Options {
    SideOptions left, right;
    bool to_right = true;
    bool to_left = false;

    Mode mode = Mode::rate;
    double pps = 0;             // 0: all that can be sent
    std::vector<double> loads;  // shares of what came back of it, for a trial each
    double seconds = 10;
    double interval_s = 10;
    double allowed_loss = 0;
    double width = 0.005;
    unsigned repeats = 1;
    uint64_t most_packets = 1'000'000;  // of a burst
    unsigned tests = 50;

    Workload workload = Workload::routes;
    Sizes sizes;
    std::string pcap_file;  // whose packets are sent instead
    uint32_t flows = 32768;
    double new_flows = 0;  // share of packets that begin one
    Prefixes destinations;
    Draw draw = Draw::in_route;
    uint64_t seed = 1;
    unsigned hops = 1;
    std::optional<uint32_t> gre_key;
    net::Ipv4Address tunnel_own, tunnel_router;
    uint32_t tunnels = 1;
    net::Ipv4Prefix tunnel_hosts;  // on the right, behind the tunnels
    net::Ipv4Prefix nat_hosts;     // on the left, whose packets are translated

    double wait_s = 10;
    double opening_pps = 100'000;
    double drain_s = 0.5;
    int core = -1;  // the first of those that it may use
    bool no_huge = false;
    uint32_t memory_mib = 0;
    uint32_t buffers = 16384;
    uint16_t descriptors = 0;  // 0: the device's default
    std::string json_file = "-";
};

// Prints help or what is wrong and returns the exit code instead where there is nothing to do.
std::optional<int> parse_options(int argc, char** argv, Options& options);

std::string to_string(Mode mode);
std::string to_string(Workload workload);
std::string to_string(Draw draw);
const char* to_string(Direction direction);

}  // namespace sluice::generator
