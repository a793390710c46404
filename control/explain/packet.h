// SPDX-License-Identifier: BSD-3-Clause
// Makes the frame that a person describes.
#pragma once
#include <cstdint>
#include <vector>

#include "lib/net/address.h"

namespace sluice::explain {

struct Description {
    net::MacAddress to;
    net::Ipv4Address source;
    net::Ipv4Address destination;
    uint8_t protocol = 17;
    uint16_t source_port = 40000;
    uint16_t destination_port = 53;
    uint8_t ttl = 64;
    uint8_t tos = 0;
    uint16_t size = 0;  // of the IPv4 packet; at least what its headers take
    bool dont_fragment = false;
};

inline constexpr uint16_t largest_packet = 9216;

// A whole Ethernet frame with true checksums: UDP, TCP (a SYN), an ICMP echo request, or the bare
// IPv4 header of any other protocol.
std::vector<uint8_t> build(const Description& description);

}  // namespace sluice::explain
