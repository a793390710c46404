// SPDX-License-Identifier: BSD-3-Clause
// Brings the intent memory to what the configuration and the run-time routes say, in an order in
// which no packet ever meets half a change:
//
//   1. a snapshot with all that is new in it, nothing gone yet; every worker takes it
//   2. the FIB, entry by entry, now that every next hop it names is known
//   3. a snapshot without what is gone
//   4. ids of next hops are free for another meaning once every worker has let go of them
//
// Found again after a restart, the memory is taken over as it is: what was published stays.
// One thread. Waits for workers where the order asks for it: milliseconds, bounded by a second.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "control/config/model.h"
#include "control/intent/places.h"
#include "control/intent/snapshot_of.h"
#include "control/intent/ways.h"
#include "control/routes/next_hops.h"
#include "control/routes/route_table.h"
#include "lib/layout/intent.h"

namespace sluice::intent {

// The workers of the dataplane, if there is one. Both give false when that takes too long.
struct Workers {
    std::function<bool(uint64_t generation)> wait_for_plan = [](uint64_t) { return true; };
    std::function<bool()> wait_for_quiescence = [] { return true; };
};

class IntentWriter {
  public:
    // `fresh`: the memory is all zero; else as another control left it.
    IntentWriter(layout::Intent& intent, bool fresh, Workers workers);

    // Makes this the configuration. Returns the generation that says so in full.
    // Throws std::runtime_error where the memory has no room, before anything has changed.
    uint64_t apply(const config::Config& config);

    // Those of the changes that are not in error: each is on its own. All are refused when the
    // FIB has no room for them together; what was there before is then there still.
    std::vector<RouteError> change_routes(std::span<const RouteChange> changes);
    // Every route of source runtime. Returns how many.
    size_t flush_routes();

    // An empty MAC removes the neighbour.
    void set_neighbour(const StaticNeighbour& neighbour);
    std::vector<StaticNeighbour> run_time_neighbours() const { return run_time_neighbours_; }

    // What the dataplane says of the links; by interface id.
    void set_links(const std::vector<bool>& up);

    void request_trace(const layout::TraceRequest& request);
    // Wishes the NAT's sessions away that match. `number` is above that of every wish before.
    void clear_sessions(const layout::NatSessionFilter& filter, uint64_t number);

    uint64_t generation() const { return generation_; }
    const config::Config& config() const { return config_; }
    const config::Directory& directory() const { return directory_; }
    const routes::RouteTable& routes() const { return routes_; }
    const routes::NextHops& next_hops() const { return next_hops_; }
    // Empty where there is none.
    const std::string& interface_name(layout::InterfaceId id) const { return places_.name(id); }
    // All that have a place.
    const Places::Ids& interfaces() const { return places_.ids(); }
    // Of a NAT rule; empty where none has this id.
    std::string nat_rule_name(uint16_t id) const;
    const layout::Nat& nat() const { return *last_nat_; }
    // Or no_interface.
    layout::InterfaceId interface_id(std::string_view name) const { return places_.find(name); }

  private:
    void publish(const config::Config* leaving);
    fib::Status sync_routes();
    void free_what_is_unused();

    layout::Intent& intent_;
    Workers workers_;
    config::Config config_;
    config::Directory directory_;  // of the same
    Places places_;
    routes::NextHops next_hops_;
    routes::RouteTable routes_;
    std::vector<StaticNeighbour> run_time_neighbours_;
    std::vector<bool> links_;
    std::unique_ptr<layout::Nat> last_nat_;  // as published
    uint64_t generation_;
    bool built_;  // whether the FIB is known to hold nothing but what the routes say
};

}  // namespace sluice::intent
