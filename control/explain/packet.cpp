// SPDX-License-Identifier: BSD-3-Clause
#include "control/explain/packet.h"

#include <algorithm>

#include "lib/net/checksum.h"
#include "lib/net/wire.h"

namespace sluice::explain {
namespace {

using net::be16;
using net::be32;
using net::Protocol;

constexpr size_t tcp_header = 20;

size_t header_of(uint8_t protocol) {
    if (protocol == Protocol::tcp) return tcp_header;
    if (protocol == Protocol::udp) return sizeof(net::UdpHeader);
    if (protocol == Protocol::icmp) return sizeof(net::IcmpHeader);
    return 0;
}

// RFC 768, RFC 9293 3.1: the addresses, the protocol and the length are summed up too.
net::Be16 transport_checksum(const net::Ipv4Header& ip, const uint8_t* payload, uint16_t length) {
    struct {
        net::Be32 source, destination;
        net::Be16 protocol, length;
    } const pseudo{ip.source, ip.destination, be16(ip.protocol), be16(length)};
    return net::checksum_of(net::sum_words(&pseudo, sizeof pseudo) +
                            net::sum_words(payload, length));
}

void fill_udp(const Description& d, const net::Ipv4Header& ip, uint8_t* at, uint16_t length) {
    auto& udp = *reinterpret_cast<net::UdpHeader*>(at);
    udp = {be16(d.source_port), be16(d.destination_port), be16(length), be16(0)};
    udp.checksum = transport_checksum(ip, at, length);
}

void fill_tcp(const Description& d, const net::Ipv4Header& ip, uint8_t* at, uint16_t length) {
    constexpr uint8_t syn = 2, five_words = 5 << 4;
    struct Tcp {
        net::Be16 source_port, destination_port;
        net::Be32 sequence, acknowledged;
        uint8_t header_length, flags;
        net::Be16 window, checksum, urgent;
    };
    static_assert(sizeof(Tcp) == tcp_header);
    auto& tcp = *reinterpret_cast<Tcp*>(at);
    tcp = {be16(d.source_port),
           be16(d.destination_port),
           be32(1),
           be32(0),
           five_words,
           syn,
           be16(65535),
           be16(0),
           be16(0)};
    tcp.checksum = transport_checksum(ip, at, length);
}

void fill_icmp(uint8_t* at, uint16_t length) {
    auto& icmp = *reinterpret_cast<net::IcmpHeader*>(at);
    icmp = {net::icmp::echo_request, 0, be16(0), be16(1), be16(1)};
    icmp.checksum = net::checksum_of(net::sum_words(at, length));
}

}  // namespace

std::vector<uint8_t> build(const Description& d) {
    const size_t least = sizeof(net::Ipv4Header) + header_of(d.protocol);
    const auto size = static_cast<uint16_t>(std::clamp<size_t>(d.size, least, largest_packet));
    std::vector<uint8_t> frame(
        std::max<size_t>(sizeof(net::EthernetHeader) + size, net::min_frame));

    auto& ethernet = *reinterpret_cast<net::EthernetHeader*>(frame.data());
    ethernet = {d.to, net::MacAddress{{0x02, 0, 0, 0, 0, 0xfe}},
                be16(static_cast<uint16_t>(net::EtherType::ipv4))};
    auto& ip = *reinterpret_cast<net::Ipv4Header*>(frame.data() + sizeof ethernet);
    ip = {0x45,
          d.tos,
          be16(size),
          be16(1),
          be16(d.dont_fragment ? net::ipv4_dont_fragment : 0),
          d.ttl,
          d.protocol,
          be16(0),
          be32(d.source.value),
          be32(d.destination.value)};
    net::fill_checksum(ip);

    uint8_t* payload = frame.data() + sizeof ethernet + sizeof ip;
    const auto length = static_cast<uint16_t>(size - sizeof ip);
    if (d.protocol == Protocol::udp) fill_udp(d, ip, payload, length);
    if (d.protocol == Protocol::tcp) fill_tcp(d, ip, payload, length);
    if (d.protocol == Protocol::icmp) fill_icmp(payload, length);
    return frame;
}

}  // namespace sluice::explain
