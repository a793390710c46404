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
    // How many bytes of headers stand before the inner packet, or 0 if this is not a whole packet
    // of this tunnel, sent by the router.
    uint32_t open(const uint8_t* packet, uint32_t length) const noexcept;
};

}  // namespace sluice::generator
