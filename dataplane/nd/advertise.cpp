// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nd/advertise.h"

#include "dataplane/ipv6/own.h"
#include "dataplane/nd/message.h"

namespace sluice::nd {
namespace {

// RFC 4861 6.2.1: the defaults.
constexpr uint16_t lifetime_s = 1800;
constexpr uint32_t prefix_valid_s = 2'592'000, prefix_preferred_s = 604'800;
constexpr uint8_t on_link = 0x80, autonomous = 0x40;
constexpr unsigned autonomous_length = 64;  // RFC 4862 5.5.3 d, with EUI-64's 64 bits

net::RouterAdvertisement this_router() noexcept {
    net::RouterAdvertisement message{};
    message.header.type = net::icmp6::router_advertisement;
    message.header.word1 = net::be16(uint16_t{ipv6::usual_hop_limit} << 8);
    message.header.word2 = net::be16(lifetime_s);
    return message;
}

net::PrefixOption prefix_of(const net::Ipv6InterfaceAddress& own) noexcept {
    net::PrefixOption option{};
    option.type = net::nd::prefix_information;
    option.words = sizeof option / 8;
    option.length = own.length;
    option.flags = on_link | autonomous;
    option.valid_s = net::be32(prefix_valid_s);
    option.preferred_s = net::be32(prefix_preferred_s);
    option.prefix = net::Ipv6Field::of(own.network().address);
    return option;
}

}  // namespace

void advertise(Context& c, InterfaceId interface, net::Ipv6Address to,
               net::MacAddress mac) noexcept {
    if (c.plan->ipv6 == nullptr || !c.plan->ipv6->advertises(interface)) return;
    const PlanInterface& own = c.interface(interface);
    Draft draft(c);
    draft.append(this_router())
        .append(link_address(net::nd::source_address, own.mac))
        .append(net::MtuOption{net::nd::mtu, 1, net::be16(0), net::be32(own.mtu)});
    for (const net::Ipv6InterfaceAddress& a : c.plan->ipv6->addresses_of(interface)) {
        if (a.length != autonomous_length || !draft.has_room_for(sizeof(net::PrefixOption))) {
            continue;
        }
        draft.append(prefix_of(a));
    }
    draft.send(c, interface, mac, c.plan->ipv6->link_local(interface), to);
    c.tally(layout::Tally::router_advertisements_sent);
}

void advertise_to_all(Context& c, InterfaceId interface) noexcept {
    advertise(c, interface, net::all_nodes, net::mac_of_group(net::all_nodes));
}

}  // namespace sluice::nd
