// SPDX-License-Identifier: BSD-3-Clause
// From a route as a user gives it to the id of the next hop that it leads to.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "control/config/directory.h"
#include "control/config/model.h"
#include "control/intent/places.h"
#include "control/routes/next_hops.h"

namespace sluice::intent {

// A route as of the configuration's Route, or one to be withdrawn.
struct RouteChange {
    net::Ipv4Prefix prefix;
    bool remove = false;
    config::RouteType type = config::RouteType::unicast;
    std::vector<net::Ipv4Address> via;
    std::string interface;
};

struct RouteError {
    size_t index;  // of the change
    std::string message;
};

// Every id given out comes with a reference to it, which is the caller's to give back.
class Ways {
  public:
    // `directory`: of the configuration.
    Ways(const config::Config& config, const config::Directory& directory, const Places& places,
         routes::NextHops& next_hops)
        : config_(config), directory_(directory), places_(places), next_hops_(next_hops) {}

    // no_route where the route can not be, with the reason in `error`.
    fib::NextHopId intern(const RouteChange& route, std::string& error);
    // One id for each change, each different way looked at once; no_route for a removal, and
    // where the change is in error.
    std::vector<fib::NextHopId> intern_all(std::span<const RouteChange> changes,
                                           std::vector<RouteError>& errors);
    // Interfaces' addresses and their networks, and the NAT's external addresses.
    std::vector<fib::Route> connected();
    // The configuration's own. Throws std::runtime_error where one can not be.
    std::vector<fib::Route> configured();
    // RFC 1812 5.3.7 and 4.2.2.11: what no packet may be sent to, unless a longer route says so.
    static std::vector<fib::Route> builtin(routes::NextHops& next_hops);

  private:
    fib::NextHopId one(const routes::NextHop& hop, std::string& error);
    fib::NextHopId gateway(const RouteChange& route, net::Ipv4Address via, std::string& error);
    layout::InterfaceId place_of(const std::string& name, std::string& error) const;

    const config::Config& config_;
    const config::Directory& directory_;
    const Places& places_;
    routes::NextHops& next_hops_;
};

// Gives the references back.
void unref_all(routes::NextHops& next_hops, std::span<const fib::Route> routes);

}  // namespace sluice::intent
