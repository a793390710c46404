// SPDX-License-Identifier: BSD-3-Clause
#include "control/config/nat_whole.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "control/config/wording.h"

namespace sluice::config {
namespace {

using nlohmann::json;

// A rule's claim to external addresses. Ports chosen at random are free or taken whoever asks,
// so rules that choose so may share addresses; all others have theirs for themselves.
struct Claim {
    AddressRange range;
    const json* value;
    size_t rule;
    bool shares;
};

std::optional<AddressRange> address_of(const Config& config, const std::string& interface) {
    const Interface* found = find_interface(config, interface);
    if (found == nullptr || found->addresses.empty()) return std::nullopt;
    const net::Ipv4Address address = found->addresses[0].address;
    return AddressRange{address, address};
}

void add_claims(const ReadRule& read, size_t number, const Config& config,
                std::vector<Claim>& claims) {
    const NatRule& rule = read.rule;
    const bool shares = rule.type == NatType::source && rule.port_choice == NatPortChoice::random;
    if (rule.type != NatType::forward) {
        for (const PlacedRange& p : read.external) {
            claims.push_back({p.range, p.value, number, shares});
        }
    }
    if (rule.type == NatType::source && rule.to_interface) {
        const auto own = address_of(config, rule.out);
        if (own) claims.push_back({*own, &read.object->at("to"), number, shares});
    }
    for (const PlacedRange& p : read.source) claims.push_back({p.range, p.value, number, true});
}

void tell_overlap(const Claim& a, const Claim& b, std::span<const ReadRule> rules,
                  Mistakes& mistakes) {
    const auto& [later, earlier] = a.rule > b.rule || (a.rule == b.rule && a.value > b.value)
                                       ? std::pair(a, b)
                                       : std::pair(b, a);
    if (mistakes.any_about(*later.value)) return;
    mistakes.add(*later.value,
                 fmt::format("{} overlaps {} of rule {}", brief(*later.value),
                             brief(*earlier.value), in_quotes(rules[earlier.rule].rule.name)),
                 earlier.value);
}

// In the order of their first addresses, a claim overlaps one before it exactly if it begins
// before the furthest end so far: of all, for one that shares nothing; else of those.
void check_claims(std::vector<Claim> claims, std::span<const ReadRule> rules, Mistakes& mistakes) {
    std::sort(claims.begin(), claims.end(),
              [](const Claim& a, const Claim& b) { return a.range < b.range; });
    const Claim* furthest = nullptr;
    const Claim* furthest_alone = nullptr;
    const auto reach = [](const Claim*& to, const Claim& claim) {
        if (to == nullptr || claim.range.last > to->range.last) to = &claim;
    };
    for (const Claim& claim : claims) {
        const Claim* other = claim.shares ? furthest_alone : furthest;
        if (other != nullptr && other->range.overlaps(claim.range)) {
            tell_overlap(claim, *other, rules, mistakes);
        }
        reach(furthest, claim);
        if (!claim.shares) reach(furthest_alone, claim);
    }
}

// Claims that share may be the same addresses; each counts once.
uint64_t addresses_with_ports(const std::vector<Claim>& claims, std::span<const ReadRule> rules) {
    std::vector<AddressRange> ranges;
    for (const Claim& claim : claims) {
        if (rules[claim.rule].rule.type != NatType::fixed) ranges.push_back(claim.range);
    }
    std::sort(ranges.begin(), ranges.end());
    uint64_t sum = 0, counted_to = 0;
    for (const AddressRange& range : ranges) {
        const uint64_t first = std::max<uint64_t>(range.first.value, counted_to);
        const uint64_t end = uint64_t{range.last.value} + 1;
        if (end > first) sum += end - first;
        counted_to = std::max(counted_to, end);
    }
    return sum;
}

void check_room(std::span<const ReadRule> rules, const std::vector<Claim>& claims,
                Mistakes& mistakes) {
    size_t ranges = 0, targets = 0;
    for (const ReadRule& read : rules) {
        const NatRule& rule = read.rule;
        ranges += rule.from.size() + rule.destination.size() + rule.external.size() +
                  rule.source.size() + 2;
        targets += rule.targets.size();
        const bool one_too_many = ranges > max_nat_ranges || targets > max_nat_targets;
        if (!one_too_many) continue;
        mistakes.add(*read.object,
                     fmt::format("all rules up to this one have {} ranges of addresses and {} "
                                 "targets; there is room for {} and {}",
                                 ranges, targets, max_nat_ranges, max_nat_targets));
        break;
    }
    const uint64_t addresses = addresses_with_ports(claims, rules);
    if (addresses <= max_nat_addresses) return;
    mistakes.add(*claims.back().value,
                 fmt::format("the rules' pools have {} external addresses together; at most {} "
                             "are allowed",
                             addresses, max_nat_addresses));
}

std::vector<AddressRange> externals_of(const NatRule& rule, const Config& config) {
    if (!rule.to_interface) return rule.external;
    const auto own = address_of(config, rule.in);
    return own ? std::vector{*own} : std::vector<AddressRange>{};
}

bool any_overlap(const std::vector<AddressRange>& a, const std::vector<AddressRange>& b) {
    return std::any_of(a.begin(), a.end(), [&](const AddressRange& one) {
        return std::any_of(b.begin(), b.end(),
                           [&](const AddressRange& other) { return one.overlaps(other); });
    });
}

// Whether the earlier rule takes packets that the later one is for too, whatever their source.
// A rule for some sources before one for all is how exceptions are written, and no mistake.
bool hides(const NatRule& earlier, const NatRule& later, const Config& config) {
    const bool same_sources = earlier.from.empty() || earlier.from == later.from;
    const bool same_way = earlier.in.empty() || later.in.empty() || earlier.in == later.in;
    return same_sources && same_way && earlier.protocol == later.protocol &&
           earlier.port.overlaps(later.port) &&
           any_overlap(externals_of(earlier, config), externals_of(later, config));
}

void check_forwards(std::span<const ReadRule> rules, Reading& reading) {
    std::vector<const ReadRule*> earlier;
    for (const ReadRule& read : rules) {
        if (read.rule.type != NatType::forward || read.rule.port.first == 0) continue;
        const auto found = std::find_if(earlier.begin(), earlier.end(), [&](const auto* other) {
            return hides(other->rule, read.rule, reading.config);
        });
        const ReadRule* hiding = found == earlier.end() ? nullptr : *found;
        earlier.push_back(&read);
        if (hiding == nullptr) continue;
        const json& its_port = hiding->object->at("port");
        const json& port = read.object->at("port");
        reading.mistakes.add(port,
                             fmt::format("{} collides with {} of rule {}", brief(port),
                                         brief(its_port), in_quotes(hiding->rule.name)),
                             &its_port);
    }
}

}  // namespace

void check_nat_whole(std::span<const ReadRule> rules, Reading& reading) {
    std::vector<Claim> claims;
    for (size_t n = 0; n < rules.size(); ++n) add_claims(rules[n], n, reading.config, claims);
    check_room(rules, claims, reading.mistakes);
    check_claims(std::move(claims), rules, reading.mistakes);
    check_forwards(rules, reading);
}

}  // namespace sluice::config
