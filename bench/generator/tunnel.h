// SPDX-License-Identifier: BSD-3-Clause
// The outer headers of a tunnel between the router and us: GRE (RFC 2784, 2890) or IP in IP
// (RFC 2003).
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/net/wire.h"

namespace sluice::generator {

struct Tunnel {
    net::Protocol protocol = net::Protocol::gre;  // or ipip
    net::Ipv4Address own;                         // our end of it
    net::Ipv4Address router;
    std::optional<uint32_t> key;  // of GRE

    uint32_t overhead() const noexcept;
    // For an inner packet of that length.
    std::vector<uint8_t> headers(uint32_t inner_length) const;
};

// Tunnels that differ in our end alone. The n-th has the n-th address from the first one's on, and
// behind it is the n-th part of the hosts.
struct Tunnels {
    Tunnel first;
    uint32_t count = 1;          // a power of two, no more than there are hosts
    net::Ipv4Prefix hosts = {};  // behind all of them

    // The tunnel to this host.
    uint32_t of(net::Be32 host) const noexcept;
    struct Opened {
        uint32_t headers = 0;  // bytes before the inner packet; 0: no whole packet of these tunnels
        uint32_t tunnel = 0;
    };
    // What the router sent.
    Opened open(const uint8_t* packet, uint32_t length) const noexcept;
};

}  // namespace sluice::generator
