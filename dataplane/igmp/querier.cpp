// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/igmp/querier.h"

namespace sluice::igmp {

bool may_ask(const Context& c, InterfaceId interface) noexcept {
    const unsigned place = c.interface(interface).multicast;
    if (place == 0 || c.plan->multicast.interfaces[place - 1].querier == 0) return false;
    const auto& link = c.multicast->links[interface];
    return link.other_until_ns.load(std::memory_order_relaxed) <= c.now_ns;
}

bool yield_to(Context& c, InterfaceId interface, net::Ipv4Address other) noexcept {
    const auto own = c.plan->source_towards(interface, other);
    if (other.is_unspecified() || (own && *own <= other)) return false;
    auto& link = c.multicast->links[interface];
    link.other.store(other.value, std::memory_order_relaxed);
    link.other_until_ns.store(c.now_ns + other_querier_ns(c.plan->multicast),
                              std::memory_order_relaxed);
    return true;
}

}  // namespace sluice::igmp
