// SPDX-License-Identifier: BSD-3-Clause
// The plan's IPv6: where packets go, and what is ours. Made by the main thread with the plan,
// immutable from then on. Nothing is in it where no IPv6 is configured.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lib/fib/table6.h"
#include "lib/layout/snapshot.h"
#include "lib/net/address6.h"

namespace sluice {
struct Plan;
}

namespace sluice::ipv6 {

using layout::InterfaceId;
using layout::NextHopKind;

// Where the packets of one prefix go.
struct Way {
    NextHopKind kind = NextHopKind::none;
    InterfaceId interface = layout::no_interface;
    net::Ipv6Address via;         // of a gateway
    bool of_own_network = false;  // of an address of ours, not a route that was configured

    bool leads_out() const noexcept {
        return kind == NextHopKind::gateway || kind == NextHopKind::connected;
    }
    net::Ipv6Address next_hop(net::Ipv6Address destination) const noexcept {
        return kind == NextHopKind::gateway ? via : destination;
    }
};

class Routing {
  public:
    // Null where the snapshot has no IPv6. Routes by interfaces that are down are left out, so that
    // a shorter prefix takes over. Throws std::runtime_error, naming what is wrong.
    static std::unique_ptr<const Routing> compile(const layout::Snapshot& snapshot,
                                                  const Plan& plan);

    // Longest match; null where there is none.
    const Way* find(net::Ipv6Address destination) const noexcept {
        const uint32_t found = table_.find(destination);
        return found == fib::Table6::none ? nullptr : &ways_[found];
    }
    // Whether the interface has IPv6: a port with an address of it, and every tunnel.
    bool is_on(InterfaceId id) const noexcept {
        return layout::is_tunnel(id) || !addresses_of(id).empty();
    }
    bool advertises(InterfaceId id) const noexcept { return interfaces_[id].advertises; }
    // Without the link-local one, which every port has that has IPv6.
    std::span<const net::Ipv6InterfaceAddress> addresses_of(InterfaceId id) const noexcept {
        const OwnInterface& i = interfaces_[id];
        return std::span(addresses_).subspan(i.first_address, i.address_count);
    }
    net::Ipv6Address link_local(InterfaceId id) const noexcept {
        return interfaces_[id].link_local;
    }
    // The interface's own: global, link-local, or as a router of the network (RFC 4291 2.6.1).
    bool is_own(InterfaceId id, net::Ipv6Address address) const noexcept;
    bool is_anycast(InterfaceId id, net::Ipv6Address address) const noexcept;
    // A group that the interface hears (RFC 4291 2.8).
    bool is_joined(InterfaceId id, net::Ipv6Address group) const noexcept;
    // To speak from to somebody on or beyond the interface: of its network, else the first that
    // the interface has, else the router's first. None where the router has no address.
    std::optional<net::Ipv6Address> source_towards(InterfaceId id,
                                                   net::Ipv6Address to) const noexcept;

  private:
    struct OwnInterface {
        net::Ipv6Address link_local;
        uint16_t first_address = 0;
        uint16_t address_count = 0;
        bool advertises = false;
    };
    void add_addresses(const layout::Snapshot& snapshot, const Plan& plan);
    void add(std::vector<fib::Table6::Entry>& entries, net::Ipv6Prefix prefix, const Way& way);
    void add_connected(std::vector<fib::Table6::Entry>& entries, const Plan& plan);
    void add_configured(std::vector<fib::Table6::Entry>& entries, const layout::Snapshot& snapshot,
                        const Plan& plan);

    std::vector<OwnInterface> interfaces_ = std::vector<OwnInterface>(layout::max_interfaces);
    std::vector<net::Ipv6InterfaceAddress> addresses_;  // by interface
    std::vector<InterfaceId> owners_;                   // of the addresses
    std::vector<Way> ways_;
    fib::Table6 table_;
};

}  // namespace sluice::ipv6
