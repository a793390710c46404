// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/nat_shares.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/config/json.h"
#include "lib/nat/deterministic.h"

namespace sluice::config {
namespace {

using layout::NatRange;

std::vector<NatRange> ranges_of(const std::vector<AddressRange>& ranges) {
    std::vector<NatRange> list;
    for (const AddressRange& r : ranges) list.push_back({r.first.value, r.last.value});
    return list;
}

// A deterministic rule as its arithmetic needs it.
class Sharing {
  public:
    Sharing(const Config& config, const NatRule& rule)
        : rule_(rule), subscribers_(ranges_of(rule.from)), pool_(ranges_of(rule.external)) {
        const Interface* out = rule.to_interface ? find_interface(config, rule.out) : nullptr;
        if (out == nullptr) return;
        for (const net::InterfaceAddress& own : out->addresses) {
            pool_.push_back({own.address.value, own.address.value});
        }
    }

    std::optional<PortShare> with(net::Ipv4Address external, uint16_t port) const {
        const auto place = nat::place_in(pool_, external.value);
        if (!place) return std::nullopt;
        // Whichever of an interface's addresses it is, a host has the same ports of it.
        const auto internal =
            map().internal_of(rule_.to_interface ? 0 : static_cast<uint32_t>(*place), port);
        if (!internal) return std::nullopt;
        return share({*internal}, external, map().block_of(*internal)->ports);
    }

    void add_of(net::Ipv4Address internal, std::vector<PortShare>& shares) const {
        const auto block = map().block_of(internal.value);
        if (!block) return;
        for (uint64_t place = 0; place < nat::count_of(pool_); ++place) {
            if (!rule_.to_interface && place != block->place) continue;
            shares.push_back(share(internal, {*nat::address_at(pool_, place)}, block->ports));
        }
    }

  private:
    nat::Deterministic map() const {
        const uint64_t externals = rule_.to_interface ? 1 : nat::count_of(pool_);
        return {subscribers_,
                static_cast<uint32_t>(externals),
                {rule_.ports.first, rule_.ports.last},
                rule_.block_size};
    }
    PortShare share(net::Ipv4Address internal, net::Ipv4Address external,
                    nat::PortRange ports) const {
        return {rule_.name, internal, external, {ports.first, ports.last}};
    }

    const NatRule& rule_;
    std::vector<NatRange> subscribers_, pool_;
};

bool is_deterministic(const NatRule& rule) {
    return rule.type == NatType::source && rule.port_choice == NatPortChoice::deterministic;
}

}  // namespace

std::vector<PortShare> shares_with(const Config& config, net::Ipv4Address external, uint16_t port) {
    std::vector<PortShare> shares;
    for (const NatRule& rule : config.nat) {
        if (!is_deterministic(rule)) continue;
        if (auto share = Sharing(config, rule).with(external, port)) shares.push_back(*share);
    }
    return shares;
}

std::vector<PortShare> shares_of(const Config& config, net::Ipv4Address internal) {
    std::vector<PortShare> shares;
    for (const NatRule& rule : config.nat) {
        if (is_deterministic(rule)) Sharing(config, rule).add_of(internal, shares);
    }
    return shares;
}

void to_json(nlohmann::json& json, const PortShare& share) {
    json = {{"rule", share.rule},
            {"internal", net::to_string(share.internal)},
            {"external", net::to_string(share.external)},
            {"ports", fmt::format("{}-{}", share.ports.first, share.ports.last)}};
}

}  // namespace sluice::config
