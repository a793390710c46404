// SPDX-License-Identifier: BSD-3-Clause
// The ones' complement sum over the segments of a packet.
#pragma once
#include <cstdint>

#include "dataplane/packet.h"

namespace sluice {

// Folded, of `length` bytes from an offset; as if the packet ended where it does if it is shorter.
uint16_t sum_of(const Packet& packet, uint32_t offset, uint32_t length) noexcept;

}  // namespace sluice
