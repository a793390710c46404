// SPDX-License-Identifier: BSD-3-Clause
#include "bench/generator/tunnel.h"

#include <bit>
#include <cstring>

#include "lib/net/checksum.h"

namespace sluice::generator {
namespace {

constexpr uint16_t gre_key_present = 0x2000;
constexpr uint8_t usual_ttl = 64;

struct KeyedGre {
    net::GreHeader gre;
    net::Be32 key;
};

}  // namespace

uint32_t Tunnel::overhead() const noexcept {
    const uint32_t ip = sizeof(net::Ipv4Header);
    if (protocol != net::Protocol::gre) return ip;
    return static_cast<uint32_t>(ip + (key ? sizeof(KeyedGre) : sizeof(net::GreHeader)));
}

std::vector<uint8_t> Tunnel::headers(uint32_t inner_length) const {
    std::vector<uint8_t> bytes(overhead());
    net::Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.total_length = net::be16(static_cast<uint16_t>(overhead() + inner_length));
    ip.flags_and_offset = net::be16(net::ipv4_dont_fragment);
    ip.ttl = usual_ttl;
    ip.protocol = static_cast<uint8_t>(protocol);
    ip.source = net::be32(own.value);
    ip.destination = net::be32(router.value);
    net::fill_checksum(ip);
    std::memcpy(bytes.data(), &ip, sizeof ip);
    if (protocol != net::Protocol::gre) return bytes;
    const KeyedGre gre{{net::be16(key ? gre_key_present : 0),
                        net::be16(static_cast<uint16_t>(net::EtherType::ipv4))},
                       net::be32(key.value_or(0))};
    std::memcpy(bytes.data() + sizeof ip, &gre, bytes.size() - sizeof ip);
    return bytes;
}

uint32_t Tunnels::of(net::Be32 host) const noexcept {
    const uint32_t place = host.host() - hosts.address.value;
    const unsigned bits = static_cast<unsigned>(std::countr_zero(count));
    return bits == 0 ? 0 : place >> (32 - hosts.length - bits);
}

Tunnels::Opened Tunnels::open(const uint8_t* packet, uint32_t length) const noexcept {
    const uint32_t headers = first.overhead();
    if (length < headers) return {};
    net::Ipv4Header ip;
    std::memcpy(&ip, packet, sizeof ip);
    const uint32_t number = ip.destination.host() - first.own.value;
    const bool is_ours = ip.version_and_length == 0x45 && ip.protocol == first.protocol &&
                         ip.source == net::be32(first.router.value) && number < count &&
                         ip.total_length.host() <= length && net::checksum_holds(&ip, sizeof ip);
    if (!is_ours) return {};
    if (first.protocol != net::Protocol::gre) return {headers, number};
    KeyedGre gre{};
    std::memcpy(&gre, packet + sizeof ip, headers - sizeof ip);
    const bool has_key = (gre.gre.flags.host() & gre_key_present) != 0;
    const bool is_right = has_key == first.key.has_value() &&
                          gre.key == net::be32(first.key.value_or(0)) &&
                          gre.gre.protocol.host() == static_cast<uint16_t>(net::EtherType::ipv4);
    return is_right ? Opened{headers, number} : Opened{};
}

}  // namespace sluice::generator
