// SPDX-License-Identifier: BSD-3-Clause
// Who has which name, address and network, and who is bridged with whom, without a look at every
// interface. Interfaces are places in a list that grows at its end; of two that claim the same, the
// earlier one has it.
#pragma once
#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "control/config/model.h"

namespace sluice::config {

// The addresses of one family: net::InterfaceAddress, net::Ipv6InterfaceAddress.
template <typename Own>
class AddressBook {
  public:
    using Address = decltype(Own::address);
    using Prefix = decltype(std::declval<Own>().network());
    struct Network {
        size_t interface;
        Own own;  // its address there
    };

    void add(size_t interface, Own own) {
        owners_.emplace(own.address, interface);
        networks_.emplace(own.network(), Network{interface, own});
        lengths_.set(own.length);
    }
    std::optional<size_t> owner_of(Address address) const;
    // The longest that the address is in.
    std::optional<Network> network_of(Address address) const;
    // Whether a network has an address in common with this one.
    bool overlaps(Prefix network) const;

  private:
    static constexpr unsigned bits = 8 * sizeof(Address);
    std::map<Address, size_t> owners_;
    std::map<Prefix, Network> networks_;
    std::bitset<bits + 1> lengths_;  // that networks have
};

class Directory {
  public:
    Directory() = default;
    explicit Directory(const Config& config);

    // Its name and its bridge; the addresses are for the books.
    void add(size_t place, const Interface& interface);

    std::optional<size_t> find(std::string_view name) const;
    // A port's tunnel or a tunnel's port, where frames go from the one to the other.
    std::optional<size_t> bridged_with(const Interface& interface) const;

    AddressBook<net::InterfaceAddress> ipv4;
    AddressBook<net::Ipv6InterfaceAddress> ipv6;

  private:
    using Places = std::map<std::string, size_t, std::less<>>;
    Places names_;
    Places tunnels_;  // by their ports
};

// ---- implementation ----------------------------------------------------------------------------

template <typename Own>
std::optional<size_t> AddressBook<Own>::owner_of(Address address) const {
    const auto found = owners_.find(address);
    return found == owners_.end() ? std::nullopt : std::optional(found->second);
}

template <typename Own>
auto AddressBook<Own>::network_of(Address address) const -> std::optional<Network> {
    for (unsigned length = bits + 1; length-- > 0;) {
        if (!lengths_[length]) continue;
        const auto found = networks_.find(Prefix::of(address, length));
        if (found != networks_.end()) return found->second;
    }
    return std::nullopt;
}

// Networks are nested or apart: one that overlaps begins in this one, or this one in it.
template <typename Own>
bool AddressBook<Own>::overlaps(Prefix network) const {
    const auto next = networks_.lower_bound(Prefix{network.address, 0});
    if (next != networks_.end() && network.contains(next->first.address)) return true;
    return network_of(network.address).has_value();
}

}  // namespace sluice::config
