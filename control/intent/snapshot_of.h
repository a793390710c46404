// SPDX-License-Identifier: BSD-3-Clause
// A configuration as the dataplane reads it.
#pragma once
#include <span>
#include <string>

#include "control/config/model.h"
#include "control/intent/places.h"
#include "lib/layout/snapshot.h"

namespace sluice::intent {

struct StaticNeighbour {
    std::string interface;
    net::Ipv4Address address;
    net::MacAddress mac;
};

// What a snapshot is made of.
struct Wishes {
    const config::Config& config;
    const config::Config* leaving;  // whose interfaces stay for now; or none
    const Places& places;
    std::span<const StaticNeighbour> run_time_neighbours;
    const layout::Nat& last_nat;  // as it was published last: rules keep their ids
};

// Fills all but the generation. Throws std::runtime_error where something does not fit.
void fill(layout::Snapshot& snapshot, const Wishes& wishes, routes::NextHops& next_hops);

}  // namespace sluice::intent
