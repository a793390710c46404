// SPDX-License-Identifier: BSD-3-Clause
// The places that interfaces have in the snapshot: their ids. Ports have theirs below
// layout::max_ports, tunnels above.
//
// An interface keeps its place as long as it is there. A place that run-time routes still lead by
// is kept for an interface of that name, should one come again. One thread.
#pragma once
#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "control/config/model.h"
#include "control/routes/next_hops.h"
#include "lib/layout/snapshot.h"

namespace sluice::intent {

class Places {
  public:
    // As another control left them.
    explicit Places(const layout::Snapshot& last);

    // Empty where there is none; to be used until the next assign().
    const std::string& name(layout::InterfaceId id) const;
    layout::InterfaceId find(std::string_view name) const;  // or no_interface
    using Ids = std::map<std::string, layout::InterfaceId, std::less<>>;
    const Ids& ids() const { return ids_; }

    // Gives every interface of `wanted` a place; `present` is the configuration that stands.
    // Throws std::runtime_error when none is left.
    void assign(const config::Config& wanted, const config::Config& present,
                const routes::NextHops& next_hops);

  private:
    void take(layout::InterfaceId id, std::string name);

    std::array<std::string, layout::max_interfaces> names_;
    Ids ids_;
};

}  // namespace sluice::intent
