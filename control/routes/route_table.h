// SPDX-License-Identifier: BSD-3-Clause
// All routes, from wherever they come, and the FIB that is to say what they say.
//
// For one prefix several sources may have a route. The first of them, in the order of Source,
// whose next hop is alive is in the FIB; a link that goes down lets the next one take over.
// One thread.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "control/routes/next_hops.h"
#include "control/routes/route_store.h"
#include "lib/fib/writer.h"

namespace sluice::routes {

enum class Source : uint8_t {
    connected,   // addresses of interfaces and their networks
    configured,  // the configuration's routes
    runtime,     // added by `sluice route`
    builtin,     // addresses that no packet may go to (RFC 1812 5.3.7)
};

struct Candidate {
    Source source;
    fib::NextHopId next_hop;
    bool alive;
    bool chosen;
};

class RouteTable {
  public:
    RouteTable(fib::Table& table, fib::Writer::Found found, std::span<layout::RouteSlot> slots,
               NextHops& next_hops, fib::Writer::WaitForReaders wait_for_readers);

    // At start, once all sources are set: brings the FIB there from whatever it holds.
    fib::Status rebuild();

    // Replaces the routes of a source (not runtime). Takes over one reference for each id given.
    // The FIB follows at the next sync().
    void replace(Source source, const std::vector<fib::Route>& routes);
    // The same for single routes of source runtime. False: the store is full / no such route.
    bool set_runtime(net::Ipv4Prefix prefix, fib::NextHopId next_hop);
    bool erase_runtime(net::Ipv4Prefix prefix);
    // Takes back what was set and erased since the last sync() that succeeded.
    void undo_runtime();
    template <typename Visit>
    void for_each_runtime(Visit&& visit) const {
        store_.for_each(visit);
    }
    size_t runtime_count() const { return store_.size(); }
    size_t runtime_capacity() const { return store_.capacity(); }

    // Which interfaces are up. The FIB follows at the next sync().
    void set_links(const std::vector<bool>& up);

    // Brings the FIB to what the routes say, each address straight from its old to its new answer.
    fib::Status sync();
    // After a quiescent state of all readers that came after sync().
    bool begin_grace_period() { return writer_.begin_grace_period(); }
    fib::Status end_grace_period() { return writer_.end_grace_period(); }

    const fib::Rib& chosen() const { return writer_.routes(); }
    std::vector<Candidate> candidates(net::Ipv4Prefix prefix) const;
    fib::Writer::Memory memory() const { return writer_.memory(); }

  private:
    using Layer = std::map<net::Ipv4Prefix, fib::NextHopId>;
    Layer& layer(Source source) { return layers_[static_cast<size_t>(source)]; }
    std::optional<fib::NextHopId> find(Source source, net::Ipv4Prefix prefix) const;
    fib::NextHopId choose(net::Ipv4Prefix prefix) const;
    bool is_alive(fib::NextHopId id) const;

    NextHops& next_hops_;
    fib::Writer writer_;
    std::array<Layer, 4> layers_;  // that of runtime stays empty: those are in the store
    RouteStore store_;
    std::vector<bool> down_;  // by interface
    std::vector<net::Ipv4Prefix> touched_;
    struct Before {
        net::Ipv4Prefix prefix;
        fib::NextHopId next_hop;  // no_route: there was none
    };
    std::vector<Before> undo_;  // since the last sync that succeeded
};

}  // namespace sluice::routes
