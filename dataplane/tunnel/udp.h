// SPDX-License-Identifier: BSD-3-Clause
// GRE in UDP (RFC 8086): UDP's header between IPv4's and GRE's.
#pragma once
#include <cstdint>

#include "dataplane/packet.h"

namespace sluice::tunnel {

inline constexpr uint32_t udp_header = sizeof(net::UdpHeader);

// RFC 8086 3.2.1: of the flow inside, so that routers on the way spread a tunnel's flows.
constexpr uint16_t udp_source_of(uint32_t flow_hash) noexcept {
    return static_cast<uint16_t>(0xc000 | flow_hash >> 18);
}
constexpr bool is_udp_source(uint16_t port) noexcept { return port >= 0xc000; }

}  // namespace sluice::tunnel
