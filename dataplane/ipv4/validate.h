// SPDX-License-Identifier: BSD-3-Clause
// Shows an IPv4 packet to be whole (RFC 1812 5.2.2), checking in the order in which bytes
// become trustworthy.
//
// Expects:  a whole Ethernet header of type IPv4.
// Leaves:   the whole IP header, options included, in the first segment; checksum true; the frame
//           ends where the packet does (Ethernet padding is cut).
// Drops:    ip_too_short, ip_bad_version, ip_bad_header_length, ip_header_truncated,
//           ip_bad_total_length, ip_bad_checksum.
#pragma once
#include "dataplane/packet.h"
#include "dataplane/verdict.h"

namespace sluice::ipv4 {

Verdict validate(Packet& packet, PacketPool& pool) noexcept;

}  // namespace sluice::ipv4
