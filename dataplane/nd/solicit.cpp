// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nd/solicit.h"

#include "dataplane/nd/message.h"

namespace sluice::nd {

void solicit(Context& c, InterfaceId interface, net::Ipv6Address target,
             net::MacAddress to) noexcept {
    if (c.plan->ipv6 == nullptr || !c.plan->ipv6->is_on(interface)) return;
    const bool to_all = to.is_zero();
    const net::Ipv6Address group = net::solicited_node(target);
    net::NeighbourMessage message{};
    message.header.type = net::icmp6::neighbour_solicitation;
    message.target = net::Ipv6Field::of(target);
    Draft(c)
        .append(message)
        .append(link_address(net::nd::source_address, c.interface(interface).mac))
        .send(c, interface, to_all ? net::mac_of_group(group) : to,
              c.plan->ipv6->link_local(interface), to_all ? group : target);
    c.tally(layout::Tally::nd_solicitations_sent);
}

}  // namespace sluice::nd
