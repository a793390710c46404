// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/process/advertiser.h"

namespace sluice {
namespace {

// RFC 4861 6.2.1 and 10: the defaults.
constexpr uint64_t initial_pause_ns = 16'000'000'000;
constexpr unsigned initial_advertisements = 3;
constexpr uint64_t least_pause_s = 200, most_pause_s = 600;

bool is_to_advertise(const Plan& plan, InterfaceId id) noexcept {
    return plan.ipv6 != nullptr && plan.interfaces[id].up && plan.ipv6->advertises(id);
}

}  // namespace

std::vector<Errand> Advertiser::due(const Plan& plan, uint64_t now_ns) {
    std::vector<Errand> errands;
    for (InterfaceId id = 0; id < layout::max_ports; ++id) {
        if (!is_to_advertise(plan, id)) {
            turns_.erase(id);
            continue;
        }
        Turn& turn = turns_[id];
        if (now_ns < turn.next_ns) continue;
        ++turn.sent;
        turn.next_ns = now_ns + pause_ns(turn.sent);
        errands.push_back({Errand::Kind::advertise, id, {}});
    }
    return errands;
}

// Random, so that routers on one link do not speak at the same time.
uint64_t Advertiser::pause_ns(unsigned sent) {
    if (sent < initial_advertisements) return initial_pause_ns;
    std::uniform_int_distribution<uint64_t> pause_s(least_pause_s, most_pause_s);
    return pause_s(random_) * 1'000'000'000;
}

}  // namespace sluice
