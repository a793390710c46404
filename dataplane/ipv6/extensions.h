// SPDX-License-Identifier: BSD-3-Clause
// What is behind IPv6's header and those that may follow it (RFC 8200 4).
#pragma once
#include <cstdint>
#include <optional>

#include "dataplane/packet.h"

namespace sluice::ipv6 {

struct Payload {
    uint8_t protocol = 0;      // of what the walk ended at
    uint32_t at = 0;           // where it begins in the frame
    uint32_t named_at = 0;     // where the byte lies that says so, from the IPv6 header on
    bool is_fragment = false;  // and so is not whole
    bool is_later_fragment = false;
    // What a host that does not know it must not pass over: an option, or a routing header that has
    // a way left, which nobody must follow (RFC 5095). From the IPv6 header on; 0: there is none.
    uint32_t refused_at = 0;
};

// Walks over the headers between: options, routing, fragment, authentication. It ends at the
// payload, be it that of a later fragment, and where something is refused. None where a header is
// cut short, or there are more than eight.
std::optional<Payload> payload_of(const Packet& packet) noexcept;

}  // namespace sluice::ipv6
