// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/flows.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>

namespace sluice::generator {
namespace {

constexpr uint16_t first_port = 1024;
constexpr uint32_t ports = 65536 - first_port;
constexpr uint16_t destination_port = 9;  // "discard": no gateway looks into it

uint64_t size_of(net::Ipv4Prefix prefix) noexcept { return uint64_t{1} << (32 - prefix.length); }

// The golden section keeps neighbours apart, and those of neighbours too.
uint32_t scattering_stride(uint32_t count) noexcept {
    auto stride = static_cast<uint32_t>(0.618 * count) | 1;
    while (std::gcd(stride, count) != 1) ++stride;
    return stride;
}

}  // namespace

Flows::Flows(const FlowWish& wish) : flows_(wish.count), stride_(scattering_stride(wish.count)) {
    for (uint32_t g = 0; g < wish.groups.size() && g < wish.count; ++g) make_group(wish, g);
    std::ranges::shuffle(flows_, std::mt19937_64(wish.seed));
}

void Flows::make_group(const FlowWish& wish, uint32_t number) {
    const FlowGroup& group = wish.groups[number];
    const auto groups = static_cast<uint32_t>(wish.groups.size());
    const uint32_t count = (wish.count - number + groups - 1) / groups;
    const auto hosts = static_cast<uint32_t>(std::min<uint64_t>(size_of(group.sources), count));
    const uint32_t of_a_host = (count + hosts - 1) / hosts;
    if (of_a_host > ports) {
        throw std::invalid_argument(
            fmt::format("{} flows from {} host{} on the left: a host has {} ports", count, hosts,
                        hosts == 1 ? "" : "s", ports));
    }
    flows_of_a_host_ = std::max(flows_of_a_host_, of_a_host);
    const auto to = draw_addresses(group.destinations, wish.draw, count, wish.seed);
    for (uint32_t i = 0; i < count; ++i) {
        const auto port = static_cast<uint16_t>(first_port + i / hosts);
        flows_[number + i * groups] = {
            {net::be32(group.sources.address.value + i % hosts), net::be32(to[i].value),
             net::be16(port), net::be16(destination_port)},
            0,
            group.treatment};
    }
}

uint32_t Flows::count_of(Treatment t) const noexcept {
    return static_cast<uint32_t>(std::ranges::count(flows_, t, &Flow::treatment));
}

void Flows::renew(FlowNumber n) noexcept {
    Flow& flow = flows_[n];
    // A whole number of rounds, so that no two flows of a host ever meet at a port.
    const uint32_t in_use = ports - ports % flows_of_a_host_;
    const uint32_t before = flow.endpoints.source_port.host() - first_port;
    flow.endpoints.source_port =
        net::be16(static_cast<uint16_t>(first_port + (before + flows_of_a_host_) % in_use));
    flow.generation = static_cast<uint8_t>((flow.generation + 1) % Signature::generations);
}

bool Translations::agrees(FlowNumber n, const External& external) noexcept {
    Entry& entry = of_[n];
    if (entry.known) return entry.external == external;
    entry = {external, true};
    ++known_;
    return true;
}

void Translations::forget(FlowNumber n) noexcept {
    known_ -= of_[n].known;
    of_[n].known = false;
}

uint32_t count_shared(const Flows& flows, const Translations& translations) {
    using Outside = std::tuple<uint32_t, uint16_t, uint32_t, uint16_t>;
    std::vector<Outside> seen;
    for (FlowNumber n = 0; n < flows.count(); ++n) {
        if (!translations.known(n)) continue;
        const Translations::External& e = translations[n];
        seen.emplace_back(e.address.raw(), e.port.raw(), flows[n].destination.raw(),
                          flows[n].destination_port.raw());
    }
    std::ranges::sort(seen);
    const auto distinct = std::unique(seen.begin(), seen.end()) - seen.begin();
    return static_cast<uint32_t>(seen.size() - static_cast<size_t>(distinct));
}

}  // namespace sluice::generator
