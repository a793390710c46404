// SPDX-License-Identifier: BSD-3-Clause
// Whether a tunnel can carry packets now, and how large ones: what a port's link and MTU are to a
// port. A function of what the snapshot says, the routes, the ports, and what was heard of the
// path.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataplane/plan.h"
#include "lib/fib/table.h"
#include "lib/layout/tunnel.h"

namespace sluice::tunnel {

enum class Obstacle : uint8_t {
    none,
    disabled,
    no_route,    // nothing leads to the remote
    leads_back,  // the way to the remote leads through the tunnel itself (or too deep)
    link_down,   // the interface to leave by is down
    no_answer,   // keepalives are not answered
};

struct Condition {
    Obstacle obstacle = Obstacle::none;
    InterfaceId by = layout::no_interface;  // the outer packets leave by it
    uint32_t mtu = 0;

    bool is_up() const noexcept { return obstacle == Obstacle::none; }
    bool operator==(const Condition&) const noexcept = default;
};

// Of the tunnel at this place. `ports`: facts of the ports, by id. Main thread.
Condition condition_of(unsigned place, const layout::Snapshot& snapshot, const fib::Table& routes,
                       std::span<const InterfaceFacts> ports,
                       std::span<const layout::TunnelState, layout::max_tunnels> states,
                       uint64_t now_ns) noexcept;

// The facts of all interfaces: those of the ports, and what follows from them for the tunnels.
std::vector<InterfaceFacts> facts_of_all(
    std::span<const InterfaceFacts> ports, const layout::Snapshot& snapshot,
    const fib::Table& routes, std::span<const layout::TunnelState, layout::max_tunnels> states,
    uint64_t now_ns);

// What control shows of it: one sentence, empty while the tunnel is up.
std::string sentence(const Condition& condition, const layout::Snapshot& snapshot);

// Tells tunnels apart whose memory is one of these; never 0.
uint64_t identity_of(const layout::Tunnel& wish) noexcept;

// RFC 1191: the MTU of the outer path as a router on it told, where that was less than ten minutes
// ago; else 0. The smallest that is believed is 576, which every host takes in.
uint32_t path_mtu(const layout::TunnelState& state, uint64_t now_ns) noexcept;
void learn_path_mtu(layout::TunnelState& state, uint32_t mtu, uint64_t now_ns) noexcept;

}  // namespace sluice::tunnel
