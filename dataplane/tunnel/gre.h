// SPDX-License-Identifier: BSD-3-Clause
// GRE's header (RFC 2784, with the key and sequence number of RFC 2890).
#pragma once
#include <cstdint>
#include <optional>

#include "dataplane/packet.h"

namespace sluice::gre {

// Bits of the first word, in host order.
inline constexpr uint16_t has_checksum = 0x8000, has_key = 0x2000, has_sequence = 0x1000;
// RFC 2784 2.3, 2.3.1: bits 1 to 5 that neither RFC knows, and any version but 0.
inline constexpr uint16_t refused = 0x4000 | 0x0800 | 0x0400 | 0x0007;

struct Fields {
    uint16_t protocol = 0;                 // what is inside, by EtherType
    uint32_t length = 0;                   // of the header, with its optional words
    std::optional<uint16_t> checksum_sum;  // 0xffff when it holds
    std::optional<uint32_t> key;
    std::optional<uint32_t> sequence;
};

// The header at an offset from the frame's start; none where it is malformed. All of it must lie
// in the first segment. The checksum is over all that follows (RFC 2784 2.5), `end` bytes in.
std::optional<Fields> parse(const Packet& packet, uint32_t at, uint32_t end) noexcept;

}  // namespace sluice::gre
