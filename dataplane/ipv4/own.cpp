// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ipv4/own.h"

#include "dataplane/discard.h"
#include "dataplane/ipv4/output.h"
#include "dataplane/ipv4/route.h"
#include "lib/net/checksum.h"

namespace sluice::ipv4 {
namespace {

constexpr uint8_t default_ttl = 64;  // RFC 1812 4.2.2.9

Verdict route_and_send(Context& c, Packet packet) noexcept {
    const net::Ipv4Header& ip = packet.ipv4();
    Route route;
    const Verdict found = find_route(c, ip.destination_address(),
                                     flow_hash(ip, packet.contiguous() - ethernet_header), route);
    if (!found.is_passed()) return found;
    if (!route.leads_out()) return drop(DropReason::no_route);
    return output(c, packet, Arrival{}, route);
}

}  // namespace

std::optional<net::Ipv4Address> own_source(const Context& c, InterfaceId interface,
                                           net::Ipv4Address to) noexcept {
    if (const auto near = c.plan->source_towards(interface, to)) return near;
    if (c.plan->addresses.empty()) return std::nullopt;
    return c.plan->addresses.front().address;
}

void fill_own_header(Context& c, Packet packet, net::Protocol protocol, net::Ipv4Address source,
                     net::Ipv4Address destination, uint8_t tos) noexcept {
    packet.ethernet().type = net::be16(static_cast<uint16_t>(net::EtherType::ipv4));
    net::Ipv4Header& ip = packet.ipv4();
    ip.version_and_length = 0x45;
    ip.tos = tos;
    ip.total_length = net::be16(static_cast<uint16_t>(packet.length() - ethernet_header));
    ip.identification = net::be16(c.next_identification++);
    ip.flags_and_offset = net::be16(0);
    ip.ttl = default_ttl;
    ip.protocol = static_cast<uint8_t>(protocol);
    ip.source = net::be32(source.value);
    ip.destination = net::be32(destination.value);
    net::fill_checksum(ip);
}

void send_own(Context& c, Packet packet) noexcept {
    const Verdict v = route_and_send(c, packet);
    if (v.is_drop()) discard(c, packet, Arrival{}, v);
}

}  // namespace sluice::ipv4
