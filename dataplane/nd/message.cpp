// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/nd/message.h"

#include "dataplane/arp/resolve.h"
#include "dataplane/ipv6/own.h"

namespace sluice::nd {

void Draft::send(Context& c, InterfaceId interface, net::MacAddress mac, net::Ipv6Address source,
                 net::Ipv6Address destination) noexcept {
    if (!packet_) return;
    ipv6::fill_own_header(packet_, net::Protocol::icmp6, source, destination, net::nd::hop_limit);
    ipv6::fill_icmp6_checksum(packet_);
    arp::transmit(c, packet_, interface, mac);
}

net::LinkAddressOption link_address(uint8_t type, net::MacAddress mac) noexcept {
    return {type, 1, mac};
}

std::optional<Options> options_of(const Packet& packet, uint32_t at) noexcept {
    if (packet.segments() != 1) return std::nullopt;
    Options options;
    while (at < packet.length()) {
        const auto* option = packet.header_at<net::LinkAddressOption>(at);
        if (option == nullptr || option->words == 0) return std::nullopt;
        const uint32_t length = option->words * 8u;
        if (at + length > packet.length()) return std::nullopt;
        at += length;
        const bool is_source = option->type == net::nd::source_address;
        if (!is_source && option->type != net::nd::target_address) continue;
        if (option->words != 1 || option->mac.is_multicast() || option->mac.is_zero()) {
            return std::nullopt;
        }
        (is_source ? options.source : options.target) = option->mac;
    }
    return options;
}

}  // namespace sluice::nd
