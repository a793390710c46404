// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/announcer.h"

#include <utility>

namespace sluice {
namespace {

constexpr uint64_t announce_interval_ns = 2'000'000'000;

}  // namespace

std::vector<Errand> Announcer::on_plan(const Plan& plan, uint64_t now_ns) {
    std::set<Known> known;
    std::vector<Errand> fresh;
    for (unsigned i = 0; i < layout::max_ports; ++i) {
        const auto id = static_cast<InterfaceId>(i);
        if (!plan.interfaces[id].up) continue;
        for (const net::InterfaceAddress& own : plan.addresses_of(id)) {
            const Known k{id, own.address, plan.interfaces[id].mac};
            if (!known_.contains(k)) fresh.push_back({Errand::Kind::announce, id, own.address});
            known.insert(k);
        }
    }
    known_ = std::move(known);
    if (!fresh.empty()) {
        again_ = fresh;
        again_ns_ = now_ns + announce_interval_ns;
    }
    return fresh;
}

std::vector<Errand> Announcer::due(uint64_t now_ns) {
    if (again_.empty() || now_ns < again_ns_) return {};
    return std::exchange(again_, {});
}

}  // namespace sluice
