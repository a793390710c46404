// SPDX-License-Identifier: BSD-3-Clause
// GRE in UDP (RFC 8086), in the network of tunnel_network.h: where its headers lie, and packets of
// it from the remote of "there".
#pragma once
#include "test/path/tunnel_network.h"

namespace sluice::test {

constexpr size_t udp_at = 14 + 20, boxed_gre_at = udp_at + 8, boxed_inner_at = boxed_gre_at + 4;
constexpr uint16_t gre_in_udp = 4754, some_port = 50'000;

// With a true checksum.
inline Ipv4Builder boxed(const Bytes& packet, const Bytes& gre = plain_gre,
                         uint16_t port = gre_in_udp) {
    return ipv4().from("198.51.100.9").to("203.0.113.2").udp(some_port, port).payload(gre + packet);
}

}  // namespace sluice::test
